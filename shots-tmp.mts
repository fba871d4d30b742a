import { openBrowser } from './test/page/browser.ts';
import { readFileSync, mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
const link=execFileSync('node',['bin/bartizan.js','link','--data','/tmp/demo']).toString().trim().split(/\s+/).find((w)=>w.startsWith('http'));
const origin='http://127.0.0.1:8699'; const b=await openBrowser(); mkdirSync('/tmp/shots',{recursive:true});
const jobs=JSON.parse(process.argv[3]??'[]') as [string,string,number,string][];
const c=await b.newContext({viewport:{width:1440,height:900}}); const p=await c.newPage(); await p.goto(link!); 
for(const [name,path,width,scheme] of jobs){ await p.setViewportSize({width,height:900}); await p.goto(origin+path); await p.evaluate((s)=>{ for(const k of Object.keys(localStorage)) if(/scheme/.test(k)) localStorage.setItem(k,s); },scheme); await p.evaluate(s=>localStorage.setItem('bartizan-color-scheme',s),scheme); await p.reload(); await p.waitForFunction(()=>{const x=[...document.querySelectorAll('[data-panel]')];return x.every(e=>e.getAttribute('aria-busy')==='false')},undefined,{timeout:90000}).catch(()=>0); await p.waitForTimeout(1500);
 await p.screenshot({path:`/tmp/shots/${name}.png`,fullPage:true}); console.log(name); }
await b.close();
