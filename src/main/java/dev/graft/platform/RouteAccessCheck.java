package dev.graft.platform;

import java.util.List;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** At start: every route of the public API says what it asks of a caller. */
@Component
@ConditionalOnWebApplication
final class RouteAccessCheck implements SmartInitializingSingleton {
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
      throw new IllegalStateException("routes that ask nothing of a caller: " + closed);
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
