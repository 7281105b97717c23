// Style sheets are bundled as strings.
declare module "*.css" {
  const css: string;
  export default css;
}
