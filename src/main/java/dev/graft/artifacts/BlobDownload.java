package dev.graft.artifacts;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamResource;
import org.springframework.core.io.Resource;
import org.springframework.http.CacheControl;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpRange;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * A blob as an HTTP response that can be resumed and checked: the digest is its entity tag, one
 * byte range at a time is served (RFC 9110 section 14), independent of the {@code Accept} header. A
 * request for several ranges gets the whole. {@code Repr-Digest} (RFC 9530) and {@code
 * X-Checksum-SHA256} always are of the whole.
 */
public final class BlobDownload {
  private BlobDownload() {}

  /**
   * Builds the response. Throws {@link RequestFailed} 416 if the range lies outside the content.
   *
   * @param filename proposed to a browser; never used as a path here
   * @param method GET, or HEAD, which is never redirected: a signed URL is for one method
   * @param request headers of the request: Range, If-Range, If-None-Match are honoured
   */
  public static ResponseEntity<Resource> of(
      ArtifactStore store,
      BlobRef blob,
      String filename,
      MediaType type,
      HttpMethod method,
      HttpHeaders request) {
    String tag = "\"" + blob.sha256() + "\"";
    if (isKnown(request, tag)) {
      return checksums(ResponseEntity.status(HttpStatus.NOT_MODIFIED), blob).eTag(tag).build();
    }
    Optional<URI> link =
        method.equals(HttpMethod.GET)
            ? store.downloadLink(blob.sha256(), attachment(filename), type.toString())
            : Optional.empty();
    return link.map(uri -> redirect(uri, blob))
        .orElseGet(() -> bytes(store, blob, filename, type, request, tag));
  }

  private static ResponseEntity<Resource> redirect(URI link, BlobRef blob) {
    return ResponseEntity.status(HttpStatus.FOUND)
        .location(link)
        .cacheControl(CacheControl.noStore())
        .header("X-Checksum-SHA256", blob.sha256().hex())
        .build();
  }

  private static ResponseEntity<Resource> bytes(
      ArtifactStore store,
      BlobRef blob,
      String filename,
      MediaType type,
      HttpHeaders request,
      String tag) {
    HttpRange range = range(request, tag);
    long start = range == null ? 0 : range.getRangeStart(blob.bytes());
    long end = range == null ? blob.bytes() - 1 : range.getRangeEnd(blob.bytes());
    if (range != null && (start >= blob.bytes() || end < start)) {
      throw new RequestFailed(
              ProblemType.RANGE_NOT_SATISFIABLE,
              "The range lies outside of the content, which has " + blob.bytes() + " bytes.",
              "Range")
          .header(HttpHeaders.CONTENT_RANGE, "bytes */" + blob.bytes());
    }
    long length = end - start + 1;
    ResponseEntity.BodyBuilder response =
        checksums(
                ResponseEntity.status(range == null ? HttpStatus.OK : HttpStatus.PARTIAL_CONTENT),
                blob)
            .eTag(tag)
            .contentType(type)
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

  /** Returns whether this response starts a download: it is not a HEAD, a 304 or a later range. */
  public static boolean begins(HttpMethod method, ResponseEntity<Resource> answer) {
    String part = answer.getHeaders().getFirst(HttpHeaders.CONTENT_RANGE);
    boolean sent = answer.hasBody() && (part == null || part.startsWith("bytes 0-"));
    return method.equals(HttpMethod.GET)
        && (sent || answer.getStatusCode().equals(HttpStatus.FOUND));
  }

  private static ResponseEntity.BodyBuilder checksums(
      ResponseEntity.BodyBuilder response, BlobRef blob) {
    String hex = blob.sha256().hex();
    String base64 = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(hex));
    return response
        .header("X-Checksum-SHA256", hex)
        .header("Repr-Digest", "sha-256=:" + base64 + ":");
  }

  /** Compares weakly, as RFC 9110 requires for If-None-Match: a cache may have weakened the tag. */
  private static boolean isKnown(HttpHeaders request, String tag) {
    try {
      return request.getIfNoneMatch().stream()
          .anyMatch(known -> known.equals("*") || known.equals(tag) || known.equals("W/" + tag));
    } catch (IllegalArgumentException e) {
      return false; // a malformed condition is ignored
    }
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
      return null; // the RFC has a malformed Range ignored
    }
  }

  private static String attachment(String filename) {
    return ContentDisposition.attachment()
        .filename(filename, StandardCharsets.UTF_8)
        .build()
        .toString();
  }
}
