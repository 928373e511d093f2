package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.tenancy.Caller;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

@RestController
@Profile("server")
@RequestMapping("/v1/adapters")
@Tag(name = "Adapters", description = "Published results: what they are, and their files")
class AdapterController {
  private final Adapters adapters;
  private final AdapterFiles files;
  private final BlobDownload download;
  private final JsonMapper json;

  AdapterController(
      Adapters adapters, AdapterFiles files, BlobDownload download, JsonMapper json) {
    this.adapters = adapters;
    this.files = files;
    this.download = download;
    this.json = json;
  }
}
