/**
 * The console: Graft's web interface for departments and administrators.
 *
 * <p>The console is a client of the public API, with no permissions, rules or tables of its own.
 * {@link dev.graft.console.SignInController} gives a browser a cookie for a key; {@link
 * dev.graft.console.ConsoleSecurity.CookieAsBearer} turns the cookie into the header that other
 * clients send, and {@link dev.graft.console.ConsoleApi} calls the API with it. Thymeleaf renders
 * the pages, htmx replaces parts of them, and uPlot draws the curves. Nothing is loaded from other
 * servers.
 *
 * <p>A refusal by the API throws {@link dev.graft.console.ConsoleAdvice.PageRefused}, shown with
 * the API's message, its findings and the request's id. An expired session redirects to the sign-in
 * page and from there back. A form sent by another site has no CSRF token and is refused.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "tenancy"})
package dev.graft.console;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
