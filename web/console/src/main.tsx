import { render } from "preact";

import { recall, session } from "./api/session.ts";
import { App } from "./app.tsx";
import { notify } from "./parts/notices.tsx";
import { explain } from "./api/http.ts";

const root = document.getElementById("app");
if (root) render(<App />, root);

recall().catch((error: unknown) => {
    notify(explain(error), "error");
    session.value = null;
});
