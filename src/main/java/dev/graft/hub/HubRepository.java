package dev.graft.hub;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on the hub.
 *
 * @param id {@code organization/name}
 * @param revision a branch, a tag or a commit
 */
public record HubRepository(String id, String revision) {
  private static final String PREFIX = "hf:";
  private static final Pattern SOURCE =
      Pattern.compile("hf:([\\w][\\w.-]{0,95}/[\\w][\\w.-]{0,95})(?:@([\\w][\\w./-]{0,127}))?");

  public static boolean isSource(String text) {
    return text.startsWith(PREFIX);
  }

  /**
   * @param source {@code hf:organization/name} or {@code hf:organization/name@revision}
   * @throws HubRefused if it is not one
   */
  public static HubRepository parse(String source) {
    Matcher parts = SOURCE.matcher(source);
    if (!parts.matches() || source.contains("..")) {
      throw new HubRefused(
          "a model on the hub is named hf:organization/name, or hf:organization/name@revision");
    }
    return new HubRepository(parts.group(1), parts.group(2) == null ? "main" : parts.group(2));
  }

  public String organization() {
    return id.substring(0, id.indexOf('/'));
  }

  /** Pinned. */
  HubRepository at(String commit) {
    return new HubRepository(id, commit);
  }

  /** As {@link #parse} takes it. */
  @Override
  public String toString() {
    return PREFIX + id + "@" + revision;
  }
}
