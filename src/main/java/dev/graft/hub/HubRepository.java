package dev.graft.hub;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model on the hub.
 *
 * @param id {@code organization/name}
 * @param revision a branch, a tag or a commit
 * @param file the GGUF file of the repository that is the model; null = the repository is
 */
public record HubRepository(String id, String revision, @Nullable String file) {
  private static final String PREFIX = "hf:";
  private static final Pattern SOURCE =
      Pattern.compile(
          "hf:([\\w][\\w.-]{0,95}/[\\w][\\w.-]{0,95})(?:@([\\w][\\w./-]{0,127}?))?(?:/([\\w][\\w.-]{0,195}(?i:\\.gguf)))?");

  public static boolean isSource(String text) {
    return text.startsWith(PREFIX);
  }

  /**
   * @param source {@code hf:organization/name} or {@code hf:organization/name@revision}, either
   *     with {@code /FILE.gguf}
   * @throws HubRefused if it is not one
   */
  public static HubRepository parse(String source) {
    Matcher parts = SOURCE.matcher(source);
    if (!parts.matches() || source.contains("..")) {
      throw new HubRefused(
          "a model on the hub is named hf:organization/name, or hf:organization/name@revision;"
              + " a GGUF file of it with /FILE.gguf at the end");
    }
    String revision = parts.group(2);
    return new HubRepository(parts.group(1), revision == null ? "main" : revision, parts.group(3));
  }

  public String organization() {
    return id.substring(0, id.indexOf('/'));
  }

  /** Pinned. */
  HubRepository at(String commit) {
    return new HubRepository(id, commit, file);
  }

  /** As {@link #parse} takes it. */
  @Override
  public String toString() {
    return PREFIX + id + "@" + revision + (file == null ? "" : "/" + file);
  }
}
