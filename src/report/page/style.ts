import { createHash } from 'node:crypto';
import { tokens } from './tokens.ts';

/** Room first, then colour: every meaning that a colour has stands beside it as a word or a shape too. */
const rules = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 var(--text);font-variant-numeric:tabular-nums}
header,main,footer{max-width:70rem;margin:0 auto;padding:0 var(--gap)}
h1,h2,h3,h4,p,ul,ol,dl,dd,pre,figure{margin:0;padding:0}
ul,ol{list-style:none}
h1,h2,h3,h4,p,li,dd,dt,td,th,summary{overflow-wrap:anywhere}
h1{font-size:clamp(1.2rem,.95rem + 1.6vw,1.5rem);line-height:1.25;letter-spacing:-.01em}
h2{font-size:1.05rem;line-height:1.3}
h3,h4{font-size:.9rem;line-height:1.4}
section{background:var(--card);border:1px solid var(--line);border-radius:var(--round);padding:var(--gap);margin:0 0 var(--gap)}
section>h2{margin-bottom:.3rem}
section>h2+p{color:var(--quiet);margin-bottom:.75rem}section>p:last-child{margin-bottom:0}
.quiet,small,figcaption{color:var(--quiet);font-size:.82rem}
code,pre{font-family:var(--mono);font-size:.82rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
a{color:var(--path)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--path);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99rem}.skip:focus{left:var(--gap);top:.5rem;background:var(--card);padding:.25rem .5rem}
header{padding-top:1.5rem;padding-bottom:var(--gap)}
.verdict{display:flex;gap:.75rem;align-items:flex-start}
.verdict>svg{flex:none;width:1.9rem;height:1.9rem;margin-top:.05rem;fill:none;stroke:currentColor;stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
.verdict h1{color:var(--ink)}
header p{margin-top:.3rem}
.figures{display:flex;flex-wrap:wrap;gap:1px;margin-top:var(--gap);background:var(--card);border:1px solid var(--line);border-radius:var(--round);overflow:hidden}
.figures>div{flex:1 1 8.6rem;box-shadow:0 0 0 1px var(--line);padding:.6rem .8rem .7rem}
.figures dt{color:var(--quiet);font-size:.78rem}
.figures dd{font-size:1.15rem;line-height:1.35;font-weight:600}
.figures dd+dd{font-size:.78rem;font-weight:400;color:var(--quiet)}
.lead{margin:var(--gap) 0 0;border-left:4px solid var(--bad)}.lead.warn{border-left-color:var(--warn)}
.lead,.lead h2{color:var(--ink)}.lead h2+p{color:var(--ink);margin:0}
.lead pre{background:var(--paper);border-radius:6px;padding:.5rem .65rem;max-height:14rem;overflow:auto;margin-top:.4rem}
.lead .next,.lead h2+.next{margin-top:.5rem}
svg.bar{display:block;width:100%;height:18px;overflow:visible}
.path{fill:var(--path);stroke:var(--path)}
.work{fill:var(--work);stroke:var(--work)}
.part{fill:var(--part);stroke:var(--part)}
.ruin{fill:var(--card);stroke:var(--work)}
.none{fill:url(#hatch);stroke:var(--warn)}
.broken{fill:url(#cross);stroke:var(--bad)}
.mark{fill:var(--mark);stroke:var(--card)}
.late{fill:var(--card);stroke:var(--bad);stroke-width:2}
.target{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:3 2}
.x{stroke:var(--bad);stroke-width:2;fill:none}
.grid{stroke:var(--grid)}
.hatch{stroke:var(--warn);stroke-width:1.5}.cross{stroke:var(--bad);stroke-width:1.5}
.defs{position:absolute;width:0;height:0}
.lanes>li,.axis{display:grid;grid-template-columns:minmax(0,1fr) auto;column-gap:.75rem;align-items:center}
.lanes>li{padding:.15rem 0}
.lanes .bar,.axis .bar{grid-column:1/-1;grid-row:2}
.lanes b,.lanes .n{font-weight:400;font-size:.86rem;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;min-width:0}
.lanes b{font-weight:650}
.lanes .t{font-size:.82rem;text-align:right;white-space:nowrap}
.axis text{fill:var(--quiet);font-size:11px}
.axis .bar{height:14px}.axis{position:sticky;top:0;background:var(--card);padding:.25rem 0;z-index:1}
.idle .n,.idle .t{color:var(--quiet)}
.key{display:flex;flex-wrap:wrap;gap:.15rem 1rem;margin:.6rem 0 0}
.key li{display:flex;align-items:center;gap:.4rem;font-size:.8rem;color:var(--quiet)}
.key svg{width:22px;height:14px;flex:none}
.proofs>li{display:grid;grid-template-columns:1rem minmax(0,1fr) auto;column-gap:.6rem;align-items:baseline;padding:.3rem 0;border-top:1px solid var(--line);font-size:.86rem}
.proofs>li:first-child{border-top:0}
.proofs .t{font-size:.82rem;text-align:right}
.proofs .seen{grid-column:2/-1;color:var(--quiet);font-size:.82rem;overflow-wrap:anywhere}
.proofs .n{font-weight:600;overflow-wrap:anywhere}.proofs small{font-weight:400}
svg.sign{width:.9rem;height:.9rem;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;align-self:start;margin-top:.2rem}
.goals{display:grid;gap:.9rem 2rem}
.goals h3{display:flex;justify-content:space-between;gap:1rem;font-weight:600}
.goals h3 bdi{min-width:0}
.goals h3 span{white-space:nowrap}
.finding{border-left:3px solid var(--line);padding:.1rem 0 .1rem .75rem;margin-top:.9rem}
.finding.bad{border-color:var(--bad)}.finding.warn{border-color:var(--warn)}
.finding,.finding>*{color:var(--ink)}
.finding h3 em{font-style:normal;font-size:.75rem;font-weight:650;padding:.05rem .4rem;border-radius:4px;margin-right:.4rem}
.finding.bad em{color:var(--bad);background:var(--bad-wash)}.finding.warn em{color:var(--warn);background:var(--warn-wash)}.finding.note em{color:var(--quiet);background:var(--paper)}
.finding.warn h3,.finding.note h3{font-weight:400}.finding h3 code{color:var(--quiet);font-weight:400}
.finding p,.finding pre{margin-top:.25rem}
.finding pre{background:var(--paper);border-radius:6px;padding:.5rem .65rem;max-height:22rem;overflow:auto}
.next{font-weight:600}
details{margin-top:.6rem}
summary{cursor:pointer;color:var(--quiet);font-size:.86rem;width:fit-content}
.scroll{overflow-x:auto;margin-top:.4rem}
table{border-collapse:collapse;font-size:.82rem;width:100%}
th,td{text-align:left;vertical-align:top;padding:.28rem .8rem .28rem 0;border-bottom:1px solid var(--line);min-width:3.5rem;max-width:26rem}
th,td{overflow-wrap:break-word}tbody th{min-width:8.5rem}
th{font-weight:600}thead th{color:var(--quiet);white-space:nowrap}
td:last-child:not(.num):not(:empty),td:nth-last-child(2):not(.num):not(:empty){min-width:13rem}td.num,th.num{text-align:right;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.9rem 1.5rem;margin-top:.75rem}
.cards h4{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;font-weight:600}
.cards p{font-size:.8rem;color:var(--quiet)}.cards p b{color:var(--ink);font-size:.95rem}
svg.spark{display:block;width:100%;height:34px;overflow:visible;margin:.2rem 0}
.spark polyline{fill:none;stroke:var(--work);stroke-width:1.5;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.spark .median{stroke:var(--part);stroke-dasharray:2 3}
.spark circle{fill:var(--path)}
svg.runs{display:block;width:100%;height:72px;margin-top:.75rem;border-bottom:1px solid var(--line)}
.runs .part{fill:none}
.runs .path,.runs .work{stroke:none}
h3.sub{margin-top:1.1rem}
.facts{display:grid;grid-template-columns:minmax(5.5rem,max-content) minmax(0,1fr);gap:.2rem 1rem;font-size:.86rem}
.facts dt{color:var(--quiet)}
footer{padding-bottom:2rem;color:var(--quiet);font-size:.8rem}
@media (min-width:44rem){
.lanes>li,.axis{grid-template-columns:13rem minmax(0,1fr) 9.5rem}
.lanes .bar,.axis .bar{grid-column:2;grid-row:1}
.lanes>li{padding:.06rem 0}
.goals{grid-template-columns:repeat(auto-fit,minmax(18rem,1fr))}
.proofs>li{grid-template-columns:1rem minmax(0,17rem) 11rem minmax(0,1fr)}
.proofs .t{text-align:left}.proofs .seen{grid-column:auto}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 var(--gap)}
section{padding:1.15rem 1.35rem 1.25rem}
}
@media print{
body{background:none;font-size:11px}section{border:0;padding:0;margin-bottom:1.2rem}
section,.finding,.cards li,.lanes li{break-inside:avoid}section.long{break-inside:auto}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.skip{display:none}.axis{position:static}
.finding pre{max-height:none}
}
@media (forced-colors:active){svg{forced-color-adjust:none;background:var(--card)}}
`;

export const pageStyle = `${tokens}${rules.replaceAll('\n', '')}`;

/** As the page's policy names the one style that it may have. */
export const styleHash = `sha256-${createHash('sha256').update(pageStyle).digest('base64')}`;
