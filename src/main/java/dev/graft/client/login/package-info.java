/**
 * Which server the commands of this machine ask, and with which key: {@code graft login} keeps one
 * of both, {@link dev.graft.client.login.Connection} finds what options, environment and the kept
 * login say, in this order.
 *
 * <p>A key is never an option, since command lines are seen by everybody on a machine. A sign-in at
 * the server's identity provider gives a token in place of a key (RFC 8628); it is renewed, and
 * kept, shortly before it expires.
 */
@NullMarked
@NamedInterface("login")
package dev.graft.client.login;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
