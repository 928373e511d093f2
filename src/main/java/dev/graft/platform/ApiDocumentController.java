package dev.graft.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * Serves {@code docs/openapi.yaml} and a page that shows it (Swagger UI, served locally), without a
 * key.
 */
@RestController
class ApiDocumentController {
  private static final String SWAGGER_UI = "classpath*:META-INF/resources/webjars/swagger-ui/*/";
  private static final MediaType YAML = MediaType.parseMediaType("application/yaml;charset=UTF-8");
  private static final MediaType SCRIPT = MediaType.parseMediaType("text/javascript;charset=UTF-8");
  private static final MediaType STYLE = MediaType.parseMediaType("text/css;charset=UTF-8");
  private static final MediaType PAGE = MediaType.parseMediaType("text/html;charset=UTF-8");

  /** Allows only scripts, styles and requests of this server, and images in styles. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private record Asset(Resource content, MediaType type) {}

  private final Map<String, Asset> assets =
      Map.of(
          "start.js", new Asset(own("docs/start.js"), SCRIPT),
          "page.css", new Asset(own("docs/page.css"), STYLE),
          "swagger-ui-bundle.js", new Asset(swaggerUi("swagger-ui-bundle.js"), SCRIPT),
          "swagger-ui.css", new Asset(swaggerUi("swagger-ui.css"), STYLE));

  @GetMapping("/openapi.yaml")
  ResponseEntity<Resource> document() {
    return answer(new Asset(own("openapi.yaml"), YAML));
  }

  @GetMapping("/docs")
  ResponseEntity<Resource> page() {
    return ResponseEntity.ok()
        .contentType(PAGE)
        .header("content-security-policy", POLICY)
        .body(own("docs/page.html"));
  }

  @GetMapping("/docs/{name}")
  ResponseEntity<Resource> asset(@PathVariable String name) {
    Asset asset = assets.get(name);
    if (asset == null) throw RequestFailed.notFound("page", name);
    return answer(asset);
  }

  private static ResponseEntity<Resource> answer(Asset asset) {
    return ResponseEntity.ok().contentType(asset.type()).body(asset.content());
  }

  private static Resource own(String name) {
    return new ClassPathResource(name, ApiDocumentController.class);
  }

  private static Resource swaggerUi(String name) {
    try {
      Resource[] found = new PathMatchingResourcePatternResolver().getResources(SWAGGER_UI + name);
      if (found.length == 1) return found[0];
      throw new IllegalStateException(
          "found " + found.length + " times on the class path: " + name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
