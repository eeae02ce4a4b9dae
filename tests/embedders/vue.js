import { createApp, h } from "vue";
import Check from "./Check.vue";

const app = createApp(() => h(Check, { onReport: (report) => (document.body.dataset.verdict = report.verdict) }));
app.mount("#root");
window.leave = () => app.unmount();
