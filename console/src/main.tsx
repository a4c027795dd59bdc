import { render } from "preact";
import { App } from "./app";
import "./styles.css";
import "./state/theme";

const root = document.getElementById("app");
if (root) render(<App />, root);
