export * from "[[js-import-deep|./four.js|/js/deeper/four.js]]";
