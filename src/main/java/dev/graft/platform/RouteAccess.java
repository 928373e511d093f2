package dev.graft.platform;

import java.util.Optional;
import org.springframework.http.server.PathContainer;

/**
 * What a caller must be allowed to do for a route of the public API. The modules that know roles
 * supply beans; a route that none of them knows is closed to everyone and answered like one that
 * does not exist, and a controller with such a route keeps the server from starting.
 */
@FunctionalInterface
public interface RouteAccess {
  /**
   * One of {@link BearerAuthenticator.Bearer#roles()}, or empty if this bean does not know the
   * route.
   *
   * @param method such as {@code GET}
   */
  Optional<String> roleFor(String method, PathContainer path);
}
