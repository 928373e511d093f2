package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's admin API keys, which administer the organisation but reach no department's things. */
@RestController
@RequestMapping("/v1/organization/admin_api_keys")
class AdminKeyController {
  private final IssuedKeys issued;
  private final ApiKeys keys;

  AdminKeyController(IssuedKeys issued, ApiKeys keys) {
    this.issued = issued;
    this.keys = keys;
  }

  @GetMapping
  CursorPage<AdminKeyObject> list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        issued.newest(null, page.after(), Limit.of(page.limit() + 1)),
        page,
        owned -> AdminKeyObject.of(owned.key(), null),
        AdminKeyObject::id);
  }

  @PostMapping
  AdminKeyObject create(
      @AuthenticationPrincipal Identity identity, @RequestBody ApiKeys.KeyRequest request) {
    if (request.scopes() != null) {
      throw RequestFailed.invalid("scopes", "scopes is not allowed for an administrator's key.");
    }
    ApiKeys.Created made =
        keys.createForAdministrator(request.name(), request.lifetime(), identity.actor().account());
    return AdminKeyObject.of(require(made.id()), made.secret());
  }

  @GetMapping("/{admin_key}")
  AdminKeyObject get(@PathVariable("admin_key") String key) {
    return AdminKeyObject.of(require(key), null);
  }

  @DeleteMapping("/{admin_key}")
  DeletedObject delete(@PathVariable("admin_key") String key) {
    keys.revoke(require(key).id());
    return new DeletedObject(key, "organization.admin_api_key.deleted", true);
  }

  private ApiKey require(String key) {
    return issued
        .find(null, key)
        .map(ApiKey.Owned::key)
        .orElseThrow(() -> RequestFailed.notFound("admin key", key));
  }

  /**
   * OpenAI's AdminApiKey, then Graft's {@code replaces}.
   *
   * @param replaces id of the key that was rotated to this one, or null
   * @param value the key, only in the response that creates it
   */
  record AdminKeyObject(
      String id,
      String object,
      String name,
      String redactedValue,
      long createdAt,
      @Nullable Long expiresAt,
      @Nullable Long lastUsedAt,
      Owner owner,
      @Nullable String replaces,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String value) {

    /** The creator: a person, a service account, another administrator's key, or a command. */
    record Owner(String type, String object, String id, String name, long createdAt, String role) {}

    static AdminKeyObject of(ApiKey key, @Nullable String value) {
      String by = key.createdBy() == null ? "command" : key.createdBy();
      return new AdminKeyObject(
          key.id(),
          "organization.admin_api_key",
          key.name(),
          key.prefix() + "...",
          key.createdAt().getEpochSecond(),
          UnixTime.seconds(key.expiresAt()),
          UnixTime.seconds(key.lastUsedAt()),
          new Owner("user", "organization.user", by, by, key.createdAt().getEpochSecond(), "owner"),
          key.replaces(),
          value);
    }
  }
}
