package dev.graft.tenancy;

import static dev.graft.tenancy.Permission.FILES_READ;
import static dev.graft.tenancy.Permission.FILES_WRITE;
import static dev.graft.tenancy.Permission.FINE_TUNING_READ;
import static dev.graft.tenancy.Permission.FINE_TUNING_WRITE;
import static dev.graft.tenancy.Permission.MODELS_READ;
import static dev.graft.tenancy.Permission.MODELS_WRITE;
import static dev.graft.tenancy.Permission.MODEL_REQUEST;
import static dev.graft.tenancy.Permission.ORGANIZATION_READ;
import static dev.graft.tenancy.Permission.ORGANIZATION_WRITE;
import static dev.graft.tenancy.Permission.PROJECT_READ;
import static dev.graft.tenancy.Permission.PROJECT_WRITE;

import dev.graft.platform.RouteGate.RouteAccess;
import java.util.List;
import java.util.Optional;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/** The permission that each route needs: the first pattern that matches decides. */
@Component
class RoutePermissions implements RouteAccess {
  private static final String PROJECT = "/v1/organization/projects/{project}";

  private static final List<RouteGroup> GROUPS =
      List.of(
          new RouteGroup("/v1/files/**", FILES_READ, FILES_WRITE),
          new RouteGroup("/v1/uploads/**", FILES_READ, FILES_WRITE),
          new RouteGroup("/v1/fine_tuning/checkpoints/**", ORGANIZATION_READ, ORGANIZATION_WRITE),
          new RouteGroup("/v1/fine_tuning/jobs/{id}/approve", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup("/v1/fine_tuning/jobs/{id}/reject", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup("/v1/fine_tuning/**", FINE_TUNING_READ, FINE_TUNING_WRITE),
          new RouteGroup("/v1/adapter_configs/**", FINE_TUNING_READ, FINE_TUNING_WRITE),
          new RouteGroup("/v1/base_model_suggestions", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup("/v1/base_models/**", ORGANIZATION_READ, ORGANIZATION_WRITE),
          new RouteGroup("/v1/base_model_imports/**", ORGANIZATION_READ, ORGANIZATION_WRITE),
          new RouteGroup("/v1/models/**", MODELS_READ, MODELS_WRITE),
          new RouteGroup("/v1/adapters/{id}/permissions/**", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup("/v1/adapters/**", MODELS_READ, MODELS_WRITE),
          new RouteGroup("/v1/aliases/**", MODELS_READ, MODELS_WRITE),
          new RouteGroup("/v1/engines/**", MODELS_READ, MODELS_WRITE),
          new RouteGroup("/v1/evaluations/{id}/samples", FILES_READ, FILES_READ),
          new RouteGroup("/v1/evaluations/**", FINE_TUNING_READ, MODEL_REQUEST),
          new RouteGroup("/v1/webhook_endpoints/**", FINE_TUNING_READ, FINE_TUNING_WRITE),
          new RouteGroup("/v1/webhook_deliveries/**", FINE_TUNING_READ, FINE_TUNING_WRITE),
          new RouteGroup("/v1/webhook_event_types", FINE_TUNING_READ, FINE_TUNING_WRITE),
          new RouteGroup("/v1/chat/**", MODEL_REQUEST, MODEL_REQUEST),
          new RouteGroup("/v1/completions", MODEL_REQUEST, MODEL_REQUEST),
          new RouteGroup("/v1/classify", MODEL_REQUEST, MODEL_REQUEST),
          new RouteGroup(PROJECT + "/users/**", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup(PROJECT + "/service_accounts/**", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup(PROJECT + "/api_keys/**", PROJECT_READ, PROJECT_WRITE),
          new RouteGroup(PROJECT + "/**", PROJECT_READ, ORGANIZATION_WRITE),
          new RouteGroup("/v1/organization/**", ORGANIZATION_READ, ORGANIZATION_WRITE));

  private record RouteGroup(PathPattern routes, Permission toRead, Permission toWrite) {
    RouteGroup(String pattern, Permission toRead, Permission toWrite) {
      this(PathPatternParser.defaultInstance.parse(pattern), toRead, toWrite);
    }

    Permission permission(String method) {
      return switch (method) {
        case "GET", "HEAD", "OPTIONS" -> toRead;
        default -> toWrite;
      };
    }
  }

  @Override
  public Optional<String> roleFor(String method, PathContainer path) {
    return GROUPS.stream()
        .filter(group -> group.routes().matches(path))
        .findFirst()
        .map(group -> group.permission(method).scope());
  }
}
