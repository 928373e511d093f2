package dev.graft.platform;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.http.server.PathContainer;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Routes that fail in each way a controller can; only there where a test imports them. */
@RestController
@TestComponent
class FailingRoutes implements RouteGate.RouteAccess {
  record Inner(int size) {}

  record Request(@Nullable String name, @Nullable List<Inner> inner) {}

  @Override
  public Optional<String> roleFor(String method, PathContainer path) {
    return path.value().startsWith("/v1/test/") ? Optional.of("api.files.read") : Optional.empty();
  }

  @PostMapping(path = "/v1/test/echo", consumes = "application/json")
  Request echo(@RequestBody Request request) {
    return request;
  }

  @GetMapping(path = "/v1/test/text", produces = "application/json")
  Request text() {
    return new Request("text", null);
  }

  @GetMapping("/v1/test/broken")
  Request broken() {
    throw new IllegalStateException("secret: select * from api_key at /var/lib/graft");
  }

  @GetMapping("/v1/test/download")
  byte[] download() {
    throw new RequestFailed(
        ProblemType.NOT_FOUND,
        "No such file",
        "id",
        List.of(new ErrorDetail("not JSON", null, 3L)));
  }

  @GetMapping("/v1/test/conflict")
  Request conflict() {
    throw new RequestFailed(ProblemType.CONFLICT, "It exists");
  }

  @GetMapping("/v1/test/busy")
  Request busy() {
    throw new RequestFailed(ProblemType.IN_PROGRESS, "Wait").retryAfter(Duration.ofMillis(1500));
  }
}
