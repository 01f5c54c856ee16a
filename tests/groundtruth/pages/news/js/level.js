import "[[js-import-deep|./deeper/two.js|/js/deeper/two.js]]";
export default 12;
