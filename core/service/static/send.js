// Sends the page's form to the service that the person enters. Without a script a button does.
"use strict";
document.querySelector("form[data-send]")?.submit();
