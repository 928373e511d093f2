package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.SignedLinks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** Links that download an adapter without a key, for a limited time. */
@RestController
class DownloadLinkController {
  private static final Duration USUAL = Duration.ofHours(1);
  private static final String KIND = "adapter";
  private static final String SEPARATOR = "\n";

  private final AdapterDownloads downloads;
  private final SignedLinks links;
  private final Departments departments;
  private final AuditLog audit;
  private final Clock clock;

  DownloadLinkController(
      AdapterDownloads downloads,
      SignedLinks links,
      Departments departments,
      AuditLog audit,
      Clock clock) {
    this.downloads = downloads;
    this.links = links;
    this.departments = departments;
    this.audit = audit;
    this.clock = clock;
  }

  /**
   * @param file one file of the adapter; null = all as tar.gz
   */
  record NewLink(@Nullable Long expiresInSeconds, @Nullable String file) {}

  record LinkObject(String object, String url, long expiresAt) {}

  /**
   * The file that a link downloads.
   *
   * @param file empty = the archive
   */
  private record Target(String departmentId, String adapterId, String file) {
    String written() {
      return String.join(SEPARATOR, KIND, departmentId, adapterId, file);
    }

    static Optional<Target> read(String written) {
      List<String> parts = List.of(written.split(SEPARATOR, -1));
      return parts.size() == 4 && parts.getFirst().equals(KIND)
          ? Optional.of(new Target(parts.get(1), parts.get(2), parts.get(3)))
          : Optional.empty();
    }
  }

  @PostMapping("/v1/adapters/{id}/download_links")
  LinkObject create(
      @AuthenticationPrincipal Caller caller, @PathVariable String id, @RequestBody NewLink body)
      throws IOException {
    String file = body.file() == null ? "" : body.file();
    downloads.require(caller.departmentId(), id, file);
    Instant until = clock.instant().plus(lifetime(body.expiresInSeconds()));
    Target target = new Target(caller.departmentId(), id, file);
    String token = links.sign(target.written(), until);
    audit("download_link.created", target);
    return new LinkObject(
        "download_link",
        ServletUriComponentsBuilder.fromCurrentContextPath()
            .path("/downloads/{token}")
            .build(token)
            .toString(),
        until.getEpochSecond());
  }

  private static Duration lifetime(@Nullable Long seconds) {
    if (seconds == null) return USUAL;
    if (seconds >= 1 && seconds <= SignedLinks.LONGEST.toSeconds())
      return Duration.ofSeconds(seconds);
    throw RequestFailed.invalid(
        "expires_in_seconds",
        "expires_in_seconds must be a number from 1 to %d."
            .formatted(SignedLinks.LONGEST.toSeconds()));
  }

  /** A link stops when its adapter, its department or the permission to download it is gone. */
  @GetMapping("/downloads/{token}")
  ResponseEntity<Resource> download(
      @PathVariable String token, HttpMethod method, @RequestHeader HttpHeaders request)
      throws IOException {
    Target target =
        links
            .read(token)
            .flatMap(Target::read)
            .filter(this::isOpen)
            .orElseThrow(DownloadLinkController::invalid);
    ResponseEntity<Resource> answer = answer(target, method, request);
    audit("download_link.used", target);
    return answer;
  }

  private boolean isOpen(Target target) {
    return departments
        .get(target.departmentId())
        .filter(department -> department.archivedAt() == null)
        .isPresent();
  }

  private ResponseEntity<Resource> answer(Target target, HttpMethod method, HttpHeaders request)
      throws IOException {
    BlobRef blob;
    try {
      blob = downloads.require(target.departmentId(), target.adapterId(), target.file());
    } catch (RequestFailed gone) {
      throw invalid();
    }
    return downloads.answer(target.adapterId(), target.file(), blob, method, request);
  }

  private static RequestFailed invalid() {
    return new RequestFailed(
        ProblemType.NOT_FOUND, "This link is invalid or has expired. Ask for a new one.");
  }

  private void audit(String type, Target target) {
    audit.write(
        type,
        target.departmentId(),
        target.adapterId(),
        target.file().isEmpty() ? Map.of() : Map.of("file", target.file()));
  }
}
