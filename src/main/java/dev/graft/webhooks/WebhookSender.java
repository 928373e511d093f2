package dev.graft.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.platform.ConcurrencyLimit;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.webhooks.WebhookEvent.WebhookEventType;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Signs an event and sends it to a URL once. */
@Component
class WebhookSender {
  /** The maximum number of concurrent sample events per server. */
  static final int PARALLEL_SAMPLES = 8;

  private static final Logger log = LoggerFactory.getLogger(WebhookSender.class);
  private static final String LATE = "The receiver did not answer in time.";
  private static final String NOTHING = "The receiver did not answer.";

  private final SealedSecrets secrets;
  private final OutboundClient post;
  private final WebhooksConfiguration.WebhookProperties settings;
  private final Ids ids;
  private final Clock clock;

  private final ConcurrencyLimit samples =
      new ConcurrencyLimit(
          PARALLEL_SAMPLES,
          Duration.ofSeconds(5),
          "Other endpoints are being tested. Try again later.");

  WebhookSender(
      SealedSecrets secrets,
      OutboundClient post,
      WebhooksConfiguration.WebhookProperties settings,
      Ids ids,
      Clock clock) {
    this.secrets = secrets;
    this.post = post;
    this.settings = settings;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * The target of a request.
   *
   * @param secret signs the request; sealed
   * @param earlier the previous secret, sealed, while both are valid
   */
  record Address(String endpointId, String url, byte[] secret, byte @Nullable [] earlier) {}

  /**
   * The result of an attempt.
   *
   * @param status of the answer; null = no answer
   * @param error a sentence; null = the receiver accepted the event
   */
  record AttemptOutcome(@Nullable Integer status, @Nullable String error, int millis) {
    static final AttemptOutcome NONE = new AttemptOutcome(null, NOTHING, 0);
  }

  /**
   * Sends an event.
   *
   * @param now the signed time, which the receiver compares with its clock
   * @throws SealedSecrets.Unreadable before anything is sent
   */
  AttemptOutcome send(WebhookEvent message, Address address, Instant now)
      throws SealedSecrets.Unreadable {
    String body = message.body();
    long timestamp = now.getEpochSecond();
    Map<String, String> headers =
        Map.of(
            "webhook-id", message.id(),
            "webhook-timestamp", Long.toString(timestamp),
            "webhook-signature", Signature.of(keys(address), message.id(), timestamp, body));
    long begun = System.nanoTime();
    try {
      int status = post.send(URI.create(address.url()), headers, body);
      String error = status / 100 == 2 ? null : "The receiver answered " + status + ".";
      return new AttemptOutcome(status, error, millisSince(begun));
    } catch (IOException e) {
      int millis = millisSince(begun);
      boolean late = millis >= settings.timeout().toMillis();
      return new AttemptOutcome(null, late ? LATE : sentence(e), millis);
    }
  }

  private List<byte[]> keys(Address address) throws SealedSecrets.Unreadable {
    List<byte[]> keys = new ArrayList<>();
    keys.add(secrets.open(address.secret(), address.endpointId()));
    if (address.earlier() != null) {
      try {
        keys.add(secrets.open(address.earlier(), address.endpointId()));
      } catch (SealedSecrets.Unreadable lost) {
        log.atWarn().addKeyValue("endpoint", address.endpointId()).log("earlier_secret_unreadable");
      }
    }
    return keys;
  }

  private static int millisSince(long begun) {
    return (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
  }

  /** Describes a failure without revealing which internal names exist. */
  private static String sentence(IOException e) {
    return switch (e) {
      case UnknownHostException nowhere -> "The URL resolves to no allowed address.";
      case SSLException tls -> "The receiver has no valid certificate.";
      case ConnectException refused -> "The receiver refused the connection.";
      case SocketTimeoutException late -> LATE;
      default -> NOTHING;
    };
  }

  /**
   * Sends a sample event at once; returns the status of the answer, whether good or bad.
   *
   * @throws RequestFailed if there is no answer
   */
  int sendSample(WebhookEndpoint endpoint, WebhookEventType type) {
    Instant now = clock.instant();
    String subject = type == WebhookEventType.ALIAS_MOVED ? "alias-sample-" : "ftjob-sample-";
    WebhookEvent sample = new WebhookEvent(ids.next("evt_"), type, ids.next(subject), now);
    AttemptOutcome outcome =
        samples.run(
            endpoint.departmentId(),
            () -> {
              try {
                return send(sample, endpoint.address(now), now);
              } catch (SealedSecrets.Unreadable e) {
                throw new IllegalStateException(e);
              }
            });
    if (outcome.status() != null) return outcome.status();
    throw new RequestFailed(
        ProblemType.INVALID_REQUEST, "The endpoint could not be reached. " + outcome.error());
  }

  /**
   * Signs requests as Standard Webhooks 1.0 defines: {@code v1,} and the base64 of HMAC-SHA256 over
   * {@code id.timestamp.body}.
   */
  static final class Signature {
    /** The prefix of a secret as people see it; the rest is base64. */
    static final String PREFIX = "whsec_";

    private static final String ALGORITHM = "HmacSHA256";

    private Signature() {}

    /**
     * @param secrets all valid secrets; the receiver has one of them
     * @param timestamp in unix seconds
     * @return the header {@code webhook-signature}
     */
    static String of(List<byte[]> secrets, String id, long timestamp, String body) {
      String signed = id + "." + timestamp + "." + body;
      return secrets.stream()
          .map(secret -> "v1," + Base64.getEncoder().encodeToString(hmac(secret, signed)))
          .collect(Collectors.joining(" "));
    }

    private static byte[] hmac(byte[] secret, String signed) {
      try {
        Mac mac = Mac.getInstance(ALGORITHM);
        mac.init(new SecretKeySpec(secret, ALGORITHM));
        return mac.doFinal(signed.getBytes(UTF_8));
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every Java platform has HMAC-SHA256", e);
      }
    }
  }
}
