export function RecordsPage() {
  return <main className="bz-records" />;
}
