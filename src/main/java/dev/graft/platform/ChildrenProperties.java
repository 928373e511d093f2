package dev.graft.platform;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code graft.children.*}: trainers, exports, inspections of rows and models that answer.
 *
 * @param user whom they run as where Graft runs as root: a number, which needs no account, or the
 *     name of one; give it to nothing else ({@code nobody} owns an embedded PostgreSQL). {@code
 *     none}: as Graft does
 * @param network {@code none}: they have no network where the machine can take it from them; {@code
 *     host}: that of Graft
 */
@ConfigurationProperties("graft.children")
public record ChildrenProperties(
    @DefaultValue("65531") String user, @DefaultValue("none") Network network) {
  /** What a child can reach. */
  public enum Network {
    NONE,
    HOST
  }
}
