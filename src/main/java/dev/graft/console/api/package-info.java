/**
 * What the console asks of the public API, as whoever is signed in: {@link
 * dev.graft.console.api.ConsoleApi} is the calls, and the records named {@code View} are what of
 * the answers pages show. Files go through {@link dev.graft.console.api.Relay}, never whole in
 * memory.
 *
 * <p>The API is asked through a connector of this server's own on the loopback address ({@code
 * Loopback}). Answers may say more than the records know. Every answer other than 2xx is a {@link
 * dev.graft.console.api.PageRefused}.
 */
@NullMarked
package dev.graft.console.api;

import org.jspecify.annotations.NullMarked;
