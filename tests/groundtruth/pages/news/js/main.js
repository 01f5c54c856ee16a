/* import "[[!js-comment|/trap/js-comment.js]]"; */
import level from "[[js-import|./level.js|/js/level.js]]";
import{default as names}from'[[js-import|/js/names.js]]'
import "[[js-import|@cdn@/js/effects.js]]";
import tides from "[[importmap|tides|/js/mapped/tides.js]]";
import line from "[[importmap-prefix|charts/line.js|/js/charts/line.js]]";
import "[[importmap|depth|/js/depth.js]]";
import data from "[[js-import-attributes|./data.json|/js/data.json]]" with { type: "json" };
export { default as gauge } from "[[js-export-from|./gauge.js|/js/gauge.js]]";
export * from "[[js-export-from|./all.js|/js/all.js]]";
import "[[js-import|./scoped/main.js|/js/scoped/main.js]]";
const template = `import "[[!js-template|/trap/js-template.js]]"; ${`export * from "[[!js-template|/trap/js-template.js]]"`}`;
const text = 'import "[[!js-string|/trap/js-string.js]]";', regular = /["'`]\/*/, half = level / 2 / names;
if (template === text) import("[[!js-dynamic-import|/trap/js-dynamic-import.js]]");
import "[[js-import|./after-all.js|/js/after-all.js]]";
