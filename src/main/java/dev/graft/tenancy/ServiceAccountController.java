package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.ProjectKeyController.NewKeyObject;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's service accounts: programs of a department, and their keys. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/service_accounts")
class ServiceAccountController {
  private static final String OBJECT = "organization.project.service_account";

  private final ServiceAccounts accounts;
  private final ServiceAccountService service;
  private final ApiKeys keys;
  private final ProjectAccess access;

  ServiceAccountController(
      ServiceAccounts accounts, ServiceAccountService service, ApiKeys keys, ProjectAccess access) {
    this.accounts = accounts;
    this.service = service;
    this.keys = keys;
    this.access = access;
  }

  /**
   * @param createServiceAccountOnly creates the account without a role and without a key
   */
  record NewAccount(@Nullable String name, @Nullable Boolean createServiceAccountOnly) {}

  record ChangeAccount(@Nullable String name, @Nullable String role) {}

  record AccountObject(String id, String object, String name, String role, long createdAt) {
    static AccountObject of(ServiceAccount account) {
      return new AccountObject(
          account.id(),
          OBJECT,
          account.name(),
          account.role().wire(),
          account.createdAt().getEpochSecond());
    }
  }

  record CreatedAccount(
      String id,
      String object,
      String name,
      String role,
      long createdAt,
      @Nullable NewKeyObject apiKey) {}

  @GetMapping
  CursorPage<AccountObject> list(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    String department = access.toRead(identity, project).id();
    return CursorPage.ofOneMore(
        accounts.newest(department, page.after(), Limit.of(page.limit() + 1)),
        page,
        AccountObject::of,
        AccountObject::id);
  }

  @PostMapping
  @Transactional
  CreatedAccount create(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody NewAccount request) {
    String department = access.toWrite(identity, project).id();
    boolean bare = Boolean.TRUE.equals(request.createServiceAccountOnly());
    Role role = bare ? Role.NONE : Role.MEMBER;
    ProjectAccess.requireGrantable(identity, role.permissions());
    ServiceAccount account =
        service.create(department, ApiKeys.KeyRequest.requireName(request.name()), role);
    NewKeyObject key = null;
    if (!bare) {
      var wanted = new ApiKey.NewKey(account, account.name(), false, null, null);
      key = NewKeyObject.of(keys.create(wanted, identity.actor().account()), OBJECT);
    }
    AccountObject made = AccountObject.of(account);
    return new CreatedAccount(made.id(), OBJECT, made.name(), made.role(), made.createdAt(), key);
  }

  @GetMapping("/{account}")
  AccountObject get(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String account) {
    return AccountObject.of(require(access.toRead(identity, project), account));
  }

  @PostMapping("/{account}")
  AccountObject modify(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String account,
      @RequestBody ChangeAccount request) {
    Department department = access.toWrite(identity, project);
    Role role = request.role() == null ? null : Role.parse(request.role());
    if (role != null) ProjectAccess.requireGrantable(identity, role.permissions());
    String name = request.name() == null ? null : ApiKeys.KeyRequest.requireName(request.name());
    return service
        .change(department.id(), account, name, role)
        .map(AccountObject::of)
        .orElseThrow(() -> unknown(account));
  }

  @DeleteMapping("/{account}")
  DeletedObject delete(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String account) {
    if (!service.delete(access.toWrite(identity, project).id(), account)) throw unknown(account);
    return new DeletedObject(account, OBJECT + ".deleted", true);
  }

  @PostMapping("/{account}/api_keys")
  NewKeyObject createKey(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String account,
      @RequestBody ApiKeys.KeyRequest request) {
    ServiceAccount owner = require(access.toWrite(identity, project), account);
    ProjectAccess.requireGrantable(identity, request.of(owner.role().permissions()));
    return NewKeyObject.of(
        keys.create(
            new ApiKey.NewKey(
                owner, request.nameOr(owner.name()), false, request.scopes(), request.lifetime()),
            identity.actor().account()),
        OBJECT);
  }

  private ServiceAccount require(Department department, String account) {
    return accounts.find(department.id(), account).orElseThrow(() -> unknown(account));
  }

  private static RequestFailed unknown(String account) {
    return RequestFailed.notFound("service account of this project", account);
  }
}
