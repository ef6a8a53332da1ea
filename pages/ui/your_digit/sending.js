// Says why a picture cannot be sent from here, where that is so. The server takes pictures only with the token that it
// gave the browser as a cookie: there is none where a page of another site shows the app, nor where cookies are off.

const COOKIE = /(^|; )_streamlit_xsrf=/;

export default function ({ parentElement }) {
  const line = parentElement.querySelector("p");
  line.hidden = COOKIE.test(document.cookie);
  line.textContent =
    window === window.top
      ? "This browser does not store cookies of this page, and without them no picture can be sent. Allow them, and load the page again."
      : "This page is shown inside a page of another site, and there the browser does not send pictures. ";
  if (window !== window.top) line.append(link());
}

function link() {
  const link = document.createElement("a");
  const address = new URL(location.href);
  address.searchParams.delete("embed");
  Object.assign(link, { href: address.href, target: "_blank", rel: "noopener", textContent: "Open the app by itself" });
  return link;
}
