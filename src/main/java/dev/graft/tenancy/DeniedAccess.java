package dev.graft.tenancy;

import dev.graft.platform.BearerFilter;
import dev.graft.platform.ErrorAttributes;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Writes denied requests to the audit log: those without permission, and those for another
 * department's things. To the caller, such a thing seems not to exist; the audit log shows the
 * difference.
 */
@Component
@Order(DeniedAccess.AROUND_THE_SECURITY_CHAIN)
class DeniedAccess extends OncePerRequestFilter {
  static final int AROUND_THE_SECURITY_CHAIN = -101;

  private static final Logger log = LoggerFactory.getLogger(DeniedAccess.class);

  private final AuditLog audit;
  private final List<Owned> owned;

  DeniedAccess(AuditLog audit, List<Owned> owned) {
    this.audit = audit;
    this.owned = List.copyOf(owned);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    chain.doFilter(request, response);
    if (!(request.getAttribute(BearerFilter.PRINCIPAL) instanceof Identity identity)) return;
    try {
      switch (response.getStatus()) {
        case 403 -> note(identity, request, null);
        case 400, 404 -> foreign(identity, request);
        default -> {}
      }
    } catch (DataAccessException unwritten) {
      log.atError().setCause(unwritten).log("denied_access_unwritten");
    }
  }

  private void foreign(Identity identity, HttpServletRequest request) {
    for (String id : ids(request)) {
      boolean another =
          owned.stream()
              .flatMap(each -> each.departmentOf(id).stream())
              .anyMatch(owner -> !identity.reaches(owner, Permission.ORGANIZATION_READ));
      if (another) note(identity, request, id);
    }
  }

  /** Returns the ids that the request named: in its path, and in the field that the error names. */
  private static Set<String> ids(HttpServletRequest request) {
    Set<String> ids = new LinkedHashSet<>();
    if (request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE)
        instanceof Map<?, ?> variables) {
      // The rest of a path, as {*model} has it, begins with a slash.
      variables.values().forEach(value -> ids.add(value.toString().replaceFirst("^/", "")));
    }
    String about = ErrorAttributes.about(request);
    if (about != null) ids.add(about);
    return ids;
  }

  private void note(Identity identity, HttpServletRequest request, @Nullable String id) {
    String department = identity instanceof Caller caller ? caller.departmentId() : null;
    audit.denied(
        "access.denied",
        identity.actor(),
        department,
        id,
        Map.of("method", request.getMethod(), "path", request.getRequestURI()));
  }

  /**
   * Finds the owner of departments, keys and service accounts, and of people (one of their
   * departments).
   */
  @Component
  static class OwnedByDepartments implements Owned {
    private static final String OWNER =
        """
        select id as owner from department where id = :id
        union all select department_id from api_key where id = :id and department_id is not null
        union all select department_id from service_account where id = :id
        union all select department_id from department_member where person_id = :id
        limit 1
        """;

    private final JdbcClient sql;

    OwnedByDepartments(JdbcClient sql) {
      this.sql = sql;
    }

    @Override
    public Optional<String> departmentOf(String id) {
      return sql.sql(OWNER).param("id", id).query(String.class).optional();
    }
  }
}
