// The theme leaves the logo of the sidebar outside every landmark, so a screen reader skips it.
document.addEventListener("DOMContentLoaded", () => {
  const logo = document.querySelector(".bd-sidebar-primary .navbar-brand")?.parentElement;
  logo?.setAttribute("role", "navigation");
  logo?.setAttribute("aria-label", "Home");
});
