package dev.graft.artifacts.hub;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Objects;

/**
 * What answers mean that are not what was asked for.
 *
 * @param known whether a token was sent
 */
record HubRefusal(URI endpoint, boolean known) {
  /**
   * 401 is said of what is missing, private or gated, to whom has no account.
   *
   * @return a passing failure where another attempt may help
   * @throws HubRefused where none does
   */
  IOException of(HubRepository repository, HttpURLConnection answer, int status) {
    String code = Objects.requireNonNullElse(answer.getHeaderField("X-Error-Code"), "");
    if (status == 429 || status >= 500) {
      return new IOException("the hub answers %d; try again later".formatted(status));
    }
    String page = endpoint + "/" + repository.page();
    String why =
        switch (code) {
          case "GatedRepo" ->
              known
                  ? "%s is gated, and the account of the token has no access: ask for it at %s"
                      .formatted(repository.id(), page)
                  : "%s is gated: accept its terms at %s, and set HF_TOKEN"
                      .formatted(repository.id(), page);
          case "RevisionNotFound" ->
              "%s has no revision %s".formatted(repository.id(), repository.revision());
          case "EntryNotFound" -> "%s is not there".formatted(repository);
          default -> missing(repository, status);
        };
    throw new HubRefused(why);
  }

  private String missing(HubRepository repository, int status) {
    String named = "%s %s at %s".formatted(repository.kind().word, repository.id(), endpoint);
    return switch (status) {
      case 401 ->
          known
              ? "the hub at %s does not accept the token".formatted(endpoint)
              : "there is no public %s; for a private one set HF_TOKEN".formatted(named);
      case 403 -> "the account of the token may not read %s".formatted(repository.id());
      case 404 -> "there is no %s".formatted(named);
      default -> "the hub at %s answers %d to %s".formatted(endpoint, status, repository);
    };
  }
}
