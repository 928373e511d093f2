package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.http.server.PathContainer;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.access.intercept.RequestAuthorizationContext;
import org.springframework.stereotype.Component;

/** Opens a route of the public API to those who may do what it asks for; else it stays closed. */
@Component
final class RouteGate implements AuthorizationManager<RequestAuthorizationContext> {
  private final List<RouteAccess> routes;

  RouteGate(List<RouteAccess> routes) {
    this.routes = List.copyOf(routes);
  }

  @Override
  public AuthorizationDecision authorize(
      Supplier<? extends Authentication> authentication, RequestAuthorizationContext context) {
    return new AuthorizationDecision(
        roleFor(context.getRequest())
            .map(role -> "ROLE_" + role)
            .filter(
                role ->
                    authentication.get().getAuthorities().stream()
                        .anyMatch(each -> role.equals(each.getAuthority())))
            .isPresent());
  }

  /** What to tell a caller whose key is good, but not for this. */
  RequestFailed refusal(HttpServletRequest request) {
    return roleFor(request)
        .map(
            role ->
                new RequestFailed(
                    ProblemType.PERMISSION_DENIED,
                    "This key may not do that: it lacks the scope '" + role + "'."))
        .orElseGet(() -> StatusProblems.of(404, request));
  }

  Optional<String> roleFor(String method, PathContainer path) {
    return routes.stream().flatMap(each -> each.roleFor(method, path).stream()).findFirst();
  }

  Optional<String> roleFor(HttpServletRequest request) {
    return roleFor(request.getMethod(), PathContainer.parsePath(request.getRequestURI()));
  }
}
