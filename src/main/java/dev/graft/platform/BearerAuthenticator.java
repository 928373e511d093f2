package dev.graft.platform;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Authenticates a bearer token. The security chains are in this package; each module that issues
 * tokens supplies a bean.
 */
public interface BearerAuthenticator {
  /** The routes that tokens of an authenticator give access to. */
  enum Surface {
    /** {@code /v1/**}: keys of departments. */
    API,
    /** {@code /worker/v1/**}: join tokens and worker tokens. */
    WORKER
  }

  Surface surface();

  /**
   * Returns the caller; empty if the token is unknown, expired or revoked. Called for each request;
   * its timing must not reveal which of these it is.
   */
  Optional<Bearer> authenticate(String token);

  /**
   * Authenticates a token that gives access to several departments.
   *
   * @param project id of the department in the request's {@code OpenAI-Project} header, or null
   */
  default Optional<Bearer> authenticate(String token, @Nullable String project) {
    return authenticate(token);
  }

  /** Returns the authenticators of the public API. */
  static List<BearerAuthenticator> ofTheApi(List<BearerAuthenticator> all) {
    return all.stream().filter(each -> each.surface() == Surface.API).toList();
  }

  /**
   * An authenticated caller.
   *
   * @param principal the {@code @AuthenticationPrincipal} of controllers
   * @param roles without the {@code ROLE_} prefix, such as {@code ADMIN}
   * @param logged fields for all log lines of the request, such as {@code department}
   */
  record Bearer(Object principal, Set<String> roles, Map<String, String> logged) {}
}
