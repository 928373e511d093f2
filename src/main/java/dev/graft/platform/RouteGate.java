package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.http.server.PathContainer;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.access.intercept.RequestAuthorizationContext;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** Authorizes requests to the public API by the role that each route requires. */
@Component
public final class RouteGate implements AuthorizationManager<RequestAuthorizationContext> {
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

  /** Returns the error for a caller whose key is valid but lacks the role. */
  RequestFailed refusal(HttpServletRequest request) {
    return roleFor(request)
        .map(
            role ->
                new RequestFailed(
                    ProblemType.PERMISSION_DENIED,
                    "This key does not have permission: it lacks the scope '" + role + "'."))
        .orElseGet(() -> ErrorAdvice.StatusProblems.of(404, request));
  }

  Optional<String> roleFor(String method, PathContainer path) {
    return routes.stream().flatMap(each -> each.roleFor(method, path).stream()).findFirst();
  }

  Optional<String> roleFor(HttpServletRequest request) {
    return roleFor(request.getMethod(), PathContainer.parsePath(request.getRequestURI()));
  }

  /**
   * Maps routes of the public API to the required role. Modules supply beans; a route that no bean
   * knows is answered like one that does not exist, and a controller with such a route prevents the
   * server from starting.
   */
  @FunctionalInterface
  public interface RouteAccess {
    /**
     * Returns one of {@link BearerAuthenticator.Bearer#roles()}, or empty if this bean does not
     * know the route.
     *
     * @param method such as {@code GET}
     */
    Optional<String> roleFor(String method, PathContainer path);
  }

  /** Checks at start that every route of the public API has a required role. */
  @Component
  @ConditionalOnWebApplication
  static final class RouteAccessCheck implements SmartInitializingSingleton {
    private final RouteGate gate;
    private final RequestMappingHandlerMapping mappings;

    RouteAccessCheck(
        RouteGate gate,
        @Qualifier("requestMappingHandlerMapping") RequestMappingHandlerMapping mappings) {
      this.gate = gate;
      this.mappings = mappings;
    }

    @Override
    public void afterSingletonsInstantiated() {
      List<String> closed =
          mappings.getHandlerMethods().keySet().stream()
              .flatMap(route -> route.getPatternValues().stream().filter(p -> !opens(route, p)))
              .toList();
      if (!closed.isEmpty()) {
        throw new IllegalStateException("routes without a required role: " + closed);
      }
    }

    private boolean opens(RequestMappingInfo route, String pattern) {
      PathContainer path = PathContainer.parsePath(pattern.replaceAll("\\{[^}]*}", "x"));
      return !pattern.startsWith("/v1/")
          || route.getMethodsCondition().getMethods().stream()
              .map(RequestMethod::name)
              .allMatch(method -> gate.roleFor(method, path).isPresent());
    }
  }
}
