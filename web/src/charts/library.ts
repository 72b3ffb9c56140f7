// The one door to the charts that need the chart library, so that it is one chunk, fetched when a chart is first shown.
export { Depth } from './depth.tsx';
export { Percentiles } from './percentiles.tsx';
export { Throughput } from './throughput.tsx';
