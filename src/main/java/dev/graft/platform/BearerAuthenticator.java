package dev.graft.platform;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a bearer token into who is calling. The security chains live here; the modules that issue
 * tokens supply one bean each.
 */
public interface BearerAuthenticator {
  /** The routes that this authenticator's tokens open. */
  enum Surface {
    /** {@code /v1/**}: keys of departments. */
    API,
    /** {@code /worker/v1/**}: join tokens and worker tokens. */
    WORKER
  }

  Surface surface();

  /**
   * Empty if the token is unknown, expired or revoked. Called for each request; must not tell by
   * its timing which.
   */
  Optional<Bearer> authenticate(String token);

  /**
   * As above, for a token that opens several departments.
   *
   * @param project id of the department that the request names ({@code OpenAI-Project}), or null
   */
  default Optional<Bearer> authenticate(String token, @Nullable String project) {
    return authenticate(token);
  }

  /** Those of the public API. */
  static List<BearerAuthenticator> ofTheApi(List<BearerAuthenticator> all) {
    return all.stream().filter(each -> each.surface() == Surface.API).toList();
  }

  /**
   * Who calls.
   *
   * @param principal what controllers get as {@code @AuthenticationPrincipal}
   * @param roles without the {@code ROLE_} prefix, such as {@code ADMIN}
   * @param logged fields of every line that is logged on the way to the answer, such as {@code
   *     department}
   */
  record Bearer(Object principal, Set<String> roles, Map<String, String> logged) {}
}
