package dev.graft.tenancy;

import dev.graft.platform.Ids;
import dev.graft.platform.RequestIds;
import dev.graft.platform.Secrets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import tools.jackson.databind.json.JsonMapper;

/**
 * Records who did what. An entry is written in the transaction of the change that it describes:
 * both commit, or neither does. The database refuses to change or remove entries, except for {@link
 * DepartmentRemoval}.
 */
@Service
public class AuditLog {
  private static final String PREFIX = "audit_log-";

  private static final String WRITE =
      """
      insert into audit_log (id, effective_at, type, department_id, department_name, key_id, person_id,
                             email, service_account_id, ip_address, request_id, resource_id, details)
      values (:id, graft_now(), :type, :department,
              (select name from department where id = :department), :key, :person,
              :email, :service_account, :ip, :request, :resource, :details::jsonb)
      """;

  /** Equal denials within this many seconds, by the database's clock, are one entry. */
  private static final int WINDOW = 600;

  private static final String DENIED =
      """
      -- denied
      insert into audit_denial (entry_id, what, window_start, last_at)
      values (:id, :what, to_timestamp(floor(extract(epoch from graft_now()) / :window) * :window),
              graft_now())
      on conflict (what, window_start) do update
         set count = audit_denial.count + 1,
             last_at = greatest(audit_denial.last_at, excluded.last_at)
      returning entry_id
      """;

  private final JdbcClient sql;
  private final Ids ids;

  AuditLog(JdbcClient sql, Ids ids) {
    this.sql = sql;
    this.ids = ids;
  }

  /**
   * Records an action of the current caller.
   *
   * @param type OpenAI's event type where it has one, such as {@code api_key.created}
   * @param departmentId the department of the action; null = the organisation
   * @param details names and ids beside the resource's id, never content or secrets
   */
  @Transactional
  public void write(
      String type, @Nullable String departmentId, String resourceId, Map<String, ?> details) {
    write(type, caller(), departmentId, resourceId, details);
  }

  /** Records an action of the given actor. */
  @Transactional
  public void write(
      String type,
      @Nullable Actor actor,
      @Nullable String departmentId,
      @Nullable String resourceId,
      Map<String, ?> details) {
    write(
        ids.next(PREFIX),
        type,
        actor,
        departmentId,
        resourceId,
        JsonMapper.shared().writeValueAsString(details));
  }

  /**
   * Records a denied request. Equal denials within ten minutes are counted in the first one's
   * entry.
   *
   * @param details compared, too, to find equal denials
   */
  @Transactional
  public void denied(
      String type,
      @Nullable Actor actor,
      @Nullable String departmentId,
      @Nullable String resourceId,
      Map<String, ?> details) {
    String json = JsonMapper.shared().writeValueAsString(new TreeMap<>(details));
    List<@Nullable Object> what = Arrays.asList(type, actor, departmentId, resourceId, json);
    String id = ids.next(PREFIX);
    String entry =
        sql.sql(DENIED)
            .param("id", id)
            .param("what", Secrets.hash(JsonMapper.shared().writeValueAsString(what)))
            .param("window", WINDOW)
            .query(String.class)
            .single();
    if (entry.equals(id)) write(id, type, actor, departmentId, resourceId, json);
  }

  private void write(
      String id,
      String type,
      @Nullable Actor actor,
      @Nullable String departmentId,
      @Nullable String resourceId,
      String details) {
    sql.sql(WRITE)
        .param("id", id)
        .param("type", type)
        .param("department", departmentId)
        .param("key", actor == null ? null : actor.keyId())
        .param("person", actor == null ? null : actor.personId())
        .param("email", actor == null ? null : actor.email())
        .param("service_account", actor == null ? null : actor.serviceAccountId())
        .param("ip", address())
        .param("request", RequestIds.current())
        .param("resource", resourceId)
        .param("details", details)
        .update();
  }

  private static @Nullable Actor caller() {
    Authentication authentication = SecurityContextHolder.getContext().getAuthentication();
    return authentication != null && authentication.getPrincipal() instanceof Identity identity
        ? identity.actor()
        : null;
  }

  private static @Nullable String address() {
    return RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes servlet
        ? servlet.getRequest().getRemoteAddr()
        : null;
  }
}
