package dev.graft.artifacts;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How long blobs stay.
 *
 * @param keepUnreferenced how long blobs stay after nothing needs them; must be longer than any
 *     operation takes from its first blob to its row in the database, such as the registration of a
 *     large model
 */
@ConfigurationProperties("graft.artifacts")
public record BlobProperties(@DefaultValue("24h") Duration keepUnreferenced) {
  private static final Duration LEAST = Duration.ofHours(1);

  public BlobProperties {
    if (keepUnreferenced.compareTo(LEAST) < 0) {
      throw new IllegalArgumentException(
          "graft.artifacts.keep-unreferenced must be 1h or longer: blobs that are being stored"
              + " have no reference yet");
    }
  }
}
