/**
 * The console: what a department does with Graft, in a browser.
 *
 * <p>How it works: the console is a client of the public API, with no rights, rules or rows of its
 * own. {@link dev.graft.console.SignInController} gives a browser a cookie for a key; {@link
 * dev.graft.console.ConsoleSecurity.CookieAsBearer} lets the cookie stand where other clients send
 * their header, and {@link dev.graft.console.api} asks the API for every page with it. The pages
 * are made in {@link dev.graft.console.pages}, by Thymeleaf; htmx replaces parts of them, uPlot
 * draws the curves. Nothing is loaded from elsewhere.
 *
 * <p>How it fails: what the API refuses is a {@link dev.graft.console.ConsoleAdvice.PageRefused},
 * shown with the API's own sentence, its findings and the request's id, in the page or in the part
 * that asked. A session that has ended leads to the sign-in page and from there back. A form that
 * another site sends has no token of ours and is refused before it is read.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform :: security", "tenancy", "tenancy :: access"})
package dev.graft.console;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
