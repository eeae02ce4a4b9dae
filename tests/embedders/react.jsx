import { createRoot } from "react-dom/client";
import { Check } from "./Check.jsx";

const root = createRoot(document.getElementById("root"));
const onReport = (report) => (document.body.dataset.verdict = report.verdict);
root.render(<Check onReport={onReport} />);
window.leave = () => root.unmount();
