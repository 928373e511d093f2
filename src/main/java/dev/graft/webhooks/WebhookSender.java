package dev.graft.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.platform.ConcurrencyLimit;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
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
import org.springframework.stereotype.Service;

/** Signs a message and brings it to a URL, once. */
@Component
class WebhookSender {
  private static final Logger log = LoggerFactory.getLogger(WebhookSender.class);
  private static final String LATE = "There was no answer in time.";
  private static final String NOTHING = "There was no answer.";

  private final SealedSecrets secrets;
  private final OutboundClient post;
  private final WebhooksConfiguration.WebhookProperties settings;

  WebhookSender(
      SealedSecrets secrets,
      OutboundClient post,
      WebhooksConfiguration.WebhookProperties settings) {
    this.secrets = secrets;
    this.post = post;
    this.settings = settings;
  }

  /**
   * Where to, and with which secrets.
   *
   * @param secret sealed
   * @param earlier the one before, sealed, while both are in force
   */
  public record Address(String endpointId, String url, byte[] secret, byte @Nullable [] earlier) {}

  /**
   * What came of it.
   *
   * @param status of the answer; null = there was none
   * @param error a sentence; null = it was taken
   */
  public record AttemptOutcome(@Nullable Integer status, @Nullable String error, int millis) {
    static final AttemptOutcome NONE = new AttemptOutcome(null, NOTHING, 0);
  }

  /**
   * @param now what the receiver compares with its clock
   * @throws SealedSecrets.Unreadable before anything is sent
   */
  public AttemptOutcome bring(WebhookEvent message, Address address, Instant now)
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
      String error = status / 100 == 2 ? null : "The answer was " + status + ".";
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

  /** Nothing of what answered instead, nor whether a name is known inside. */
  private static String sentence(IOException e) {
    return switch (e) {
      case UnknownHostException nowhere -> "The URL leads to no address that may be reached.";
      case SSLException tls -> "The connection is not secure: no valid certificate.";
      case ConnectException refused -> "The connection was refused.";
      case SocketTimeoutException late -> LATE;
      default -> NOTHING;
    };
  }

  /** Invented events, sent at once: whether an endpoint takes what will come. */
  @Service
  static class SampleEvents {
    public static final int AT_ONCE = 8;
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final WebhookSender courier;
    private final Ids ids;
    private final Clock clock;
    private final ConcurrencyLimit senders =
        new ConcurrencyLimit(AT_ONCE, RETRY_AFTER, "Other endpoints are being tested; try again");

    SampleEvents(WebhookSender courier, Ids ids, Clock clock) {
      this.courier = courier;
      this.ids = ids;
      this.clock = clock;
    }

    private static String subject(WebhookEvent.WebhookEventType type) {
      return type == WebhookEvent.WebhookEventType.ALIAS_MOVED ? "alias-sample-" : "ftjob-sample-";
    }

    /**
     * Returns the status of the answer, whatever it is.
     *
     * @throws RequestFailed if there is none
     */
    int send(WebhookEndpoint endpoint, WebhookEvent.WebhookEventType type) {
      Instant now = clock.instant();
      WebhookEvent sample = new WebhookEvent(ids.next("evt_"), type, ids.next(subject(type)), now);
      AttemptOutcome outcome =
          senders.run(
              endpoint.departmentId(),
              () -> {
                try {
                  return courier.bring(sample, endpoint.address(now), now);
                } catch (SealedSecrets.Unreadable e) {
                  throw new IllegalStateException(e);
                }
              });
      if (outcome.status() != null) return outcome.status();
      throw new RequestFailed(
          ProblemType.INVALID_REQUEST, "The endpoint could not be reached. " + outcome.error());
    }
  }

  /**
   * Signs a request as Standard Webhooks 1.0 says: {@code v1,} and the base64 of HMAC-SHA256 over
   * {@code id.timestamp.body}.
   */
  static final class Signature {
    /** Stands before a secret where people see it; the rest is base64. */
    public static final String PREFIX = "whsec_";

    private static final String ALGORITHM = "HmacSHA256";

    private Signature() {}

    /**
     * @param secrets the bytes of each that is in force; the receiver has one of them
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
