package dev.graft.jobs;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Identity;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The join tokens of workers, for administrators. */
@RestController
@RequestMapping("/v1/organization/worker_tokens")
class WorkerTokenController {
  private static final String OBJECT = "organization.worker_token";
  private static final long AN_HOUR = Duration.ofHours(1).toSeconds();

  private final JoinTokens tokens;

  WorkerTokenController(JoinTokens tokens) {
    this.tokens = tokens;
  }

  record NewToken(@Nullable String workerClass, @Nullable Long expiresInSeconds) {}

  /**
   * @param value the token itself, only in the answer that creates it
   */
  record TokenObject(
      String id,
      String object,
      String redactedValue,
      String workerClass,
      String status,
      @Nullable String createdBy,
      @Nullable String workerId,
      long createdAt,
      long expiresAt,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String value) {
    static TokenObject of(JoinTokens.JoinToken token, @Nullable String value) {
      return new TokenObject(
          token.id(),
          OBJECT,
          token.prefix() + "...",
          token.workerClass(),
          token.status(),
          token.createdBy(),
          token.workerId(),
          token.createdAt().getEpochSecond(),
          token.expiresAt().getEpochSecond(),
          value);
    }
  }

  @GetMapping
  CursorPage<TokenObject> list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        tokens.list(page.after(), page.limit() + 1).stream()
            .map(token -> TokenObject.of(token, null))
            .toList(),
        page.limit(),
        TokenObject::id);
  }

  @PostMapping
  TokenObject create(@AuthenticationPrincipal Identity identity, @RequestBody NewToken request) {
    String workerClass = request.workerClass();
    if (workerClass == null) {
      throw new RequestFailed(
          ProblemType.MISSING_PARAMETER,
          "Missing required parameter: 'worker_class'.",
          "worker_class");
    }
    Long seconds = request.expiresInSeconds();
    Duration validFor = Duration.ofSeconds(seconds == null ? AN_HOUR : seconds);
    JoinTokens.Created made = tokens.create(workerClass, validFor, identity.actor().account());
    return TokenObject.of(require(made.id()), made.secret());
  }

  @GetMapping("/{worker_token}")
  TokenObject get(@PathVariable("worker_token") String id) {
    return TokenObject.of(require(id), null);
  }

  @DeleteMapping("/{worker_token}")
  DeletedObject delete(@PathVariable("worker_token") String id) {
    require(id);
    if (!tokens.revoke(id)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "This token has already been used or revoked.", "id");
    }
    return new DeletedObject(id, OBJECT + ".deleted", true);
  }

  private JoinTokens.JoinToken require(String id) {
    return tokens.find(id).orElseThrow(() -> RequestFailed.notFound("worker token", id));
  }
}
