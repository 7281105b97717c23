// What JSX is compiled into; build.js adds it to the modules with components.
export { createElement, Fragment } from "preact";
