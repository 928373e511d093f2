package dev.graft.jobs.lease;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.graft.artifacts.Digest;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.EnumNamingStrategies;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * The worker API as bytes, the same on both sides: snake_case JSON, digests as text, the lease in a
 * header. Unknown fields are skipped, so that a newer server may send more to an older worker.
 */
public final class LeaseWire {
  public static final String PATH = "/worker/v1";

  /** Header with {@code <epoch>.<token>} of the lease that the request is about. */
  public static final String LEASE_HEADER = "graft-lease";

  /** Header of a worker that follows redirects to another server, without its credential. */
  public static final String FOLLOWS_HEADER = "graft-follows-redirects";

  /** Header of an answer: the worker should renew its credential. */
  public static final String RENEWAL_DUE_HEADER = "graft-credential-renewal-due";

  /** Prefix of a worker's credential. */
  public static final String CREDENTIAL_PREFIX = "graft-worker-";

  /** Error codes to which a worker responds. */
  public static final String LEASE_LOST = "lease_lost";

  public static final String CREDENTIAL_EXPIRED = "credential_expired";

  /** Path at which a worker asks which of its {@link HeldCopies} it must delete. */
  public static final String ERASED_COPIES = "/copies/erased";

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enumNamingStrategy(EnumNamingStrategies.LOWER_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .addMixIn(Digest.class, DigestAsText.class)
          .build();

  private LeaseWire() {}

  /**
   * A worker's request for a job.
   *
   * @param waitMs how long the request may wait at the server, in milliseconds
   * @param device the device for the job; null from a worker of an earlier release
   * @param request see {@link LeaseProtocol#claim}; null from a worker of an earlier release
   */
  public record ClaimRequest(long waitMs, @Nullable Device device, @Nullable UUID request) {}

  /**
   * How a job is given back. Workers of earlier releases send an empty text, which means no.
   *
   * @param declined whether the worker has no room for it
   */
  public record ReleaseRequest(boolean declined) {}

  /** The manifest of a result. */
  public record CompleteRequest(Digest manifest) {}

  /** The length in bytes of a file that will be uploaded, or was. */
  public record OfferedUpload(long bytes) {}

  /** The request by which to upload it: a URL and headers, to which the length is added. */
  public record UploadTo(String url, Map<String, String> headers) {
    public UploadTo {
      headers = Map.copyOf(headers);
    }
  }

  /** A join token and the worker's name. */
  public record JoinRequest(String token, String name) {}

  /** The answer to a join: the worker's id, and the credential for all later requests. */
  public record Joined(String workerId, String credential) {}

  /**
   * The credential that a worker proposes to use next: the same one if it asks again, so that a
   * lost or late answer changes nothing.
   */
  public record RenewRequest(String credential) {}

  /** When the new credential expires, in Unix seconds. */
  public record Renewed(long expiresAt) {}

  /** Blobs of which a worker has copies; the answer names those that are being erased. */
  public record HeldCopies(Set<Digest> digests) {}

  private abstract static class DigestAsText {
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    DigestAsText(String unusedHex) {}

    @JsonValue
    abstract String hex();
  }

  public static byte[] write(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  /**
   * @throws tools.jackson.core.JacksonException if the bytes are not such a value
   */
  public static <T> T read(byte[] json, Class<T> type) {
    return MAPPER.readValue(json, type);
  }

  /**
   * Returns whether the body of a release declines the job.
   *
   * @throws tools.jackson.core.JacksonException if it is neither a release nor empty
   */
  public static boolean declined(byte @Nullable [] body) {
    if (body == null || body.length == 0) return false;
    return read(body, JsonNode.class).isObject() && read(body, ReleaseRequest.class).declined();
  }

  public static String header(Lease.LeaseKey key) {
    return key.epoch() + "." + key.token();
  }

  /**
   * @throws LeaseProtocol.LeaseRefused if the header is not {@code <epoch>.<token>}
   */
  public static Lease.LeaseKey key(String jobId, String header) {
    int dot = header.indexOf('.');
    try {
      long epoch = Long.parseLong(header.substring(0, Math.max(dot, 0)));
      return new Lease.LeaseKey(jobId, epoch, UUID.fromString(header.substring(dot + 1)));
    } catch (IllegalArgumentException e) {
      throw new LeaseProtocol.LeaseRefused(LEASE_HEADER + " must be <epoch>.<token>");
    }
  }

  /**
   * The version of the protocol between worker and server, in a header of every request and answer.
   * It rises when one side could misread the other; a field that may be skipped does not raise it.
   * It is checked where work begins, at joining and claiming: a run that has begun continues while
   * the server is upgraded.
   */
  public static final class ProtocolVersion {
    public static final String HEADER = "graft-protocol";

    /**
     * 2: a lease may name the model from which training starts. 3: a call may be about a known
     * answer. 4: a call may be a classification.
     */
    public static final int CURRENT = 4;

    /** The oldest version that the other side may have. */
    static final int OLDEST = 4;

    /** The version of releases that sent no number. */
    private static final int UNNAMED = 1;

    /** Which side must be upgraded: an error code, and the sentence for people. */
    public record Mismatch(String code, String sentence) {}

    private ProtocolVersion() {}

    /** Returns why a server cannot work with a worker that sent this header; empty if it can. */
    public static Optional<Mismatch> ofWorker(@Nullable String header) {
      return mismatch("worker", "server", number(header));
    }

    /** Returns why a worker cannot work with a server that sent this header; empty if it can. */
    public static Optional<Mismatch> ofServer(@Nullable String header) {
      return mismatch("server", "worker", number(header));
    }

    private static Optional<Mismatch> mismatch(String other, String own, int theirs) {
      if (theirs >= OLDEST && theirs <= CURRENT) return Optional.empty();
      String older = theirs < OLDEST ? other : own;
      return Optional.of(
          new Mismatch(
              "upgrade_" + older,
              "The %s speaks worker protocol %d, the %s %d: upgrade the %s."
                  .formatted(other, theirs, own, CURRENT, older)));
    }

    private static int number(@Nullable String header) {
      try {
        return header == null ? UNNAMED : Integer.parseInt(header.strip());
      } catch (NumberFormatException e) {
        return UNNAMED;
      }
    }
  }

  /**
   * The authenticated worker.
   *
   * @param renewalDue whether the worker should renew its credential
   */
  public record WorkerPrincipal(String workerId, boolean renewalDue) {}
}
