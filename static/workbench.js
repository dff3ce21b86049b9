// The workbench. The page works without any of this; with it, changes show at once and the previews can be watched.
import "./workbench_tap.js"; // before the loader, whose channels it listens to
import "./embed.js";
import "./copy.js";
import "./workbench_previews.js";
import "./workbench_form.js";
import "./workbench_log.js";
import "./workbench_requests.js";
