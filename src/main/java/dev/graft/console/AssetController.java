package dev.graft.console;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

/** Serves scripts and styles: Graft's own, and those of libraries in the jar. */
@Controller
class AssetController {
  private static final MediaType SCRIPT = MediaType.parseMediaType("text/javascript;charset=UTF-8");
  private static final MediaType STYLE = MediaType.parseMediaType("text/css;charset=UTF-8");
  private static final MediaType PICTURE = MediaType.parseMediaType("image/svg+xml");

  private record Asset(Resource content, MediaType type) {}

  private final Map<String, Asset> assets =
      Map.of(
          "console.css", new Asset(own("console.css"), STYLE),
          "console.js", new Asset(own("console.js"), SCRIPT),
          "curve.js", new Asset(own("curve.js"), SCRIPT),
          "graft.svg", new Asset(own("graft.svg"), PICTURE),
          "htmx.js", new Asset(library("htmx.org/*/dist/htmx.min.js"), SCRIPT),
          "uplot.js", new Asset(library("uplot/*/dist/uPlot.iife.min.js"), SCRIPT),
          "uplot.css", new Asset(library("uplot/*/dist/uPlot.min.css"), STYLE));

  /** Serves the icon for pages without an icon link, such as the API document. */
  @GetMapping("/favicon.ico")
  ResponseEntity<Resource> favicon() {
    return asset("graft.svg");
  }

  @GetMapping("/console/assets/{name}")
  ResponseEntity<Resource> asset(@PathVariable String name) {
    Asset asset = assets.get(name);
    if (asset == null) return ResponseEntity.notFound().build();
    return ResponseEntity.ok()
        .contentType(asset.type())
        .cacheControl(CacheControl.maxAge(Duration.ofMinutes(10)))
        .body(asset.content());
  }

  private static Resource own(String name) {
    return new ClassPathResource("assets/" + name, AssetController.class);
  }

  private static Resource library(String path) {
    try {
      Resource[] found =
          new PathMatchingResourcePatternResolver()
              .getResources("classpath*:META-INF/resources/webjars/" + path);
      if (found.length == 1) return found[0];
      throw new IllegalStateException(
          "found " + found.length + " times on the class path: " + path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
