package dev.graft.artifacts.hub;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model or a data set on the hub.
 *
 * @param id {@code organization/name}
 * @param revision a branch, a tag or a commit
 * @param file for a model a GGUF file of the repository, null = the whole repository; for a data
 *     set the path of its files, whose last part may contain {@code *}
 */
public record HubRepository(HubKind kind, String id, String revision, @Nullable String file) {
  private static final String PREFIX = "hf:";
  private static final String ID = "([\\w][\\w.-]{0,95}/[\\w][\\w.-]{0,95})";
  private static final Pattern MODEL =
      Pattern.compile(
          "hf:" + ID + "(?:@([\\w][\\w./-]{0,127}?))?(?:/([\\w][\\w.-]{0,195}(?i:\\.gguf)))?");
  private static final Pattern DATA_SET =
      Pattern.compile(
          "hf://datasets/"
              + ID
              + "(?:@(~parquet|refs/(?:convert|pr)/[\\w.-]{1,60}|[\\w][\\w.-]{0,127}))?"
              + "/((?:[\\w][\\w.=-]{0,99}/){0,8}[\\w*][\\w.=*-]{0,195})");

  public static boolean isSource(String text) {
    return text.startsWith(PREFIX);
  }

  /**
   * @param source {@code hf:organization/name} or {@code hf:organization/name@revision}, either
   *     with {@code /FILE.gguf}
   * @throws HubRefused if it is not one
   */
  public static HubRepository parse(String source) {
    Matcher parts = MODEL.matcher(source);
    if (!parts.matches() || source.contains("..")) {
      throw new HubRefused(
          "name a model on the hub as hf:organization/name or hf:organization/name@revision; for a"
              + " GGUF file of it, append /FILE.gguf");
    }
    return new HubRepository(HubKind.MODEL, parts.group(1), revision(parts), parts.group(3));
  }

  /**
   * @param source {@code hf://datasets/organization/name/FILE}, or {@code name@revision}
   * @throws HubRefused if it is not one
   */
  public static HubRepository parseDataSet(String source) {
    Matcher parts = DATA_SET.matcher(source);
    if (!parts.matches() || source.contains("..")) {
      throw new HubRefused(
          "name files of a data set on the hub as hf://datasets/organization/name@revision/FILE;"
              + " @revision may be left out, and the last part of FILE may contain *");
    }
    String revision = revision(parts);
    return new HubRepository(
        HubKind.DATA_SET,
        parts.group(1),
        revision.equals("~parquet") ? "refs/convert/parquet" : revision,
        parts.group(3));
  }

  private static String revision(Matcher parts) {
    String named = parts.group(2);
    return named == null ? "main" : named;
  }

  public String organization() {
    return id.substring(0, id.indexOf('/'));
  }

  /** Returns the directory of its files with a slash at the end; empty at the root. */
  String directory() {
    return file == null ? "" : file.substring(0, file.lastIndexOf('/') + 1);
  }

  /** Returns its path in the API. */
  String api() {
    return "api/" + kind.plural + "/" + id;
  }

  /** Returns the path of its page, which the paths of its contents begin with. */
  String page() {
    return kind.prefix + id;
  }

  /** Returns the repository pinned to a commit. */
  HubRepository at(String commit) {
    return new HubRepository(kind, id, commit, file);
  }

  /** Returns the form that {@link #parse} or {@link #parseDataSet} reads. */
  @Override
  public String toString() {
    String prefix = kind == HubKind.MODEL ? PREFIX : PREFIX + "//datasets/";
    return prefix + id + "@" + revision + (file == null ? "" : "/" + file);
  }
}
