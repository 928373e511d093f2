package dev.graft.artifacts;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamResource;
import org.springframework.core.io.Resource;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpRange;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * A blob as an HTTP response: the digest is its entity tag, one byte range at a time is served (RFC
 * 9110 section 14), whatever the {@code Accept} header says. Several ranges give the whole.
 */
public final class BlobDownload {
  private BlobDownload() {}

  /**
   * @param filename what a browser should call it; never a path here
   * @param request headers of the request: Range, If-Range, If-None-Match are honoured
   */
  public static ResponseEntity<Resource> of(
      ArtifactStore store, BlobRef blob, String filename, HttpHeaders request) {
    String tag = "\"" + blob.sha256() + "\"";
    if (request.getIfNoneMatch().stream().anyMatch(t -> t.equals(tag) || t.equals("*"))) {
      return ResponseEntity.status(HttpStatus.NOT_MODIFIED).eTag(tag).build();
    }
    HttpRange range = range(request, tag);
    long start = range == null ? 0 : range.getRangeStart(blob.bytes());
    long end = range == null ? blob.bytes() - 1 : range.getRangeEnd(blob.bytes());
    if (range != null && (start >= blob.bytes() || end < start)) {
      return ResponseEntity.status(HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
          .header(HttpHeaders.CONTENT_RANGE, "bytes */" + blob.bytes())
          .build();
    }
    long length = end - start + 1;
    ResponseEntity.BodyBuilder response =
        ResponseEntity.status(range == null ? HttpStatus.OK : HttpStatus.PARTIAL_CONTENT)
            .eTag(tag)
            .contentType(MediaType.APPLICATION_OCTET_STREAM)
            .contentLength(length)
            .header(HttpHeaders.ACCEPT_RANGES, "bytes")
            .header("X-Content-Type-Options", "nosniff")
            .header(HttpHeaders.CONTENT_DISPOSITION, attachment(filename));
    if (range != null) {
      response.header(
          HttpHeaders.CONTENT_RANGE, "bytes %d-%d/%d".formatted(start, end, blob.bytes()));
    }
    // Not another kind of Resource: Spring would apply the Range header to it once more.
    return response.body(
        new InputStreamResource(() -> store.open(blob.sha256(), start, length), "blob"));
  }

  private static @Nullable HttpRange range(HttpHeaders request, String tag) {
    String condition = request.getFirst(HttpHeaders.IF_RANGE);
    if (condition != null && !condition.equals(tag)) {
      return null;
    }
    try {
      List<HttpRange> ranges = request.getRange();
      return ranges.size() == 1 ? ranges.getFirst() : null;
    } catch (IllegalArgumentException e) {
      return null; // a malformed Range is ignored, as the RFC says
    }
  }

  private static String attachment(String filename) {
    return ContentDisposition.attachment()
        .filename(filename, StandardCharsets.UTF_8)
        .build()
        .toString();
  }
}
