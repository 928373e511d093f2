package dev.graft.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * How children that read files of departments are started, and what they may read and write.
 *
 * <p>A user of their own gets files by its group and owns none that Graft made: what it may write
 * it may not put in the place of those. Without such a user the files stay as they are.
 */
public final class Children {
  /** With nothing taken from them but the environment. */
  public static final Children AS_GRAFT = new Children(List.of(), null, null);

  private static final int GROUP_READS = 0040;
  private static final int READABLE = 0750;

  /** Sticky: of others' files in it none can be replaced. */
  private static final int WRITABLE = 01770;

  private static final int CLOSED = 0700;

  private final List<String> prefix;
  private final ChildConfinement.@Nullable ChildUser user;
  private final @Nullable Path home;

  /**
   * @param prefix of every command
   * @param user null = the one that Graft runs as
   * @param home of that user
   */
  Children(List<String> prefix, ChildConfinement.@Nullable ChildUser user, @Nullable Path home) {
    this.prefix = List.copyOf(prefix);
    this.user = user;
    this.home = home;
  }

  /** To be started with {@code command}. */
  public ProcessBuilder of(List<String> command) {
    List<String> all = new ArrayList<>(prefix);
    all.addAll(command);
    ProcessBuilder builder = ChildProcess.of(all);
    if (home != null) {
      builder.environment().put("HOME", home.toString());
      builder.environment().put("DJL_CACHE_DIR", home.resolve("djl").toString());
      builder.environment().remove("ENGINE_CACHE_DIR");
    }
    return builder;
  }

  /** Lets them read what lies in a directory. Repeat it for what comes later. */
  public void share(Path root) throws IOException {
    if (user == null) return;
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            pass(directory);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isRegularFile()) toGroup(file, mode(file) | GROUP_READS);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Lets them pass one directory, and see what it has. */
  public void pass(Path directory) throws IOException {
    if (user != null) toGroup(directory, READABLE);
  }

  /** Lets them make files in a directory. */
  public void give(Path directory) throws IOException {
    if (user != null) toGroup(directory, WRITABLE);
  }

  /** Whatever a child left running finds nothing there any more. */
  public void takeBack(Path directory) {
    if (user == null) return;
    try {
      set(directory, "mode", CLOSED);
    } catch (IOException e) {
      throw new UncheckedIOException("a directory of children cannot be taken back", e);
    }
  }

  /**
   * A directory that children keep from one to the next.
   *
   * @param otherwise where it is if they have no user of their own
   */
  public Path kept(String name, Path otherwise) {
    return home == null ? otherwise : home.resolve(name);
  }

  private void toGroup(Path path, int mode) throws IOException {
    if (user != null) set(path, "gid", user.gid());
    set(path, "mode", mode);
  }

  private static int mode(Path file) throws IOException {
    return (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
  }

  static void set(Path path, String attribute, int value) throws IOException {
    Files.setAttribute(path, "unix:" + attribute, value, LinkOption.NOFOLLOW_LINKS);
  }

  @EveryRole
  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(ChildrenProperties.class)
  static class ChildrenConfiguration {
    @Bean
    ChildConfinement childConfinement(ChildrenProperties settings, GraftProperties graft) {
      return new ChildConfinement(settings, graft.dataDir());
    }
  }

  /**
   * {@code graft.children.*}: trainers, exports, inspections of rows and models that answer.
   *
   * @param user whom they run as where Graft runs as root: a number, which needs no account, or the
   *     name of one; give it to nothing else ({@code nobody} owns an embedded PostgreSQL). {@code
   *     none}: as Graft does
   * @param network {@code none}: they have no network where the machine can take it from them;
   *     {@code host}: that of Graft
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
}
