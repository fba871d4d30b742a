/** The parts of ECharts that the panels use. Imported when the first chart is drawn, never with the page. */
import { BarChart, LineChart, PieChart, ScatterChart } from 'echarts/charts';
import { GeoComponent, GridComponent, MarkAreaComponent, TooltipComponent } from 'echarts/components';
import { init, registerMap, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([LineChart, BarChart, PieChart, ScatterChart, GridComponent, TooltipComponent, GeoComponent, MarkAreaComponent, CanvasRenderer]);

export { init, registerMap };
