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
 * Starts child processes that read files of departments, and controls what they may read and write.
 *
 * <p>A separate user gets access to files by its group and does not own files of Graft, so that it
 * cannot replace them. Without a separate user the files are not changed.
 */
public final class Children {
  /** Children without confinement, except for their environment. */
  public static final Children AS_GRAFT = new Children(List.of(), null, null);

  private static final int GROUP_READS = 0040;
  private static final int READABLE = 0750;

  /** Sticky, so that files of other users in the directory cannot be replaced. */
  private static final int WRITABLE = 01770;

  private static final int CLOSED = 0700;

  private final List<String> prefix;
  private final ChildConfinement.@Nullable ChildUser user;
  private final @Nullable Path home;

  /**
   * @param prefix the prefix of every command
   * @param user the separate user; null = Graft's own
   * @param home the home directory of that user
   */
  Children(List<String> prefix, ChildConfinement.@Nullable ChildUser user, @Nullable Path home) {
    this.prefix = List.copyOf(prefix);
    this.user = user;
    this.home = home;
  }

  /** Returns a builder for {@code command}. */
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

  /** Lets children read the current content of a directory. */
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

  /** Lets children enter and list one directory. */
  public void pass(Path directory) throws IOException {
    if (user != null) toGroup(directory, READABLE);
  }

  /** Lets children create files in a directory. */
  public void give(Path directory) throws IOException {
    if (user != null) toGroup(directory, WRITABLE);
  }

  /** Takes a directory away from children, also from processes that they left running. */
  public void takeBack(Path directory) {
    if (user == null) return;
    try {
      set(directory, "mode", CLOSED);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close a directory to child processes", e);
    }
  }

  /**
   * Returns a directory that successive children share.
   *
   * @param otherwise the directory if children have no separate user
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
   * {@code graft.children.*}: child processes, which train, export, inspect rows and run models.
   *
   * @param user the user they run as if Graft runs as root: a number, which needs no account, or
   *     the name of an account. Use it for nothing else ({@code nobody} owns an embedded
   *     PostgreSQL). {@code none}: they run as Graft does
   * @param network {@code none}: they have no network, if the machine supports that; {@code host}:
   *     they have Graft's network
   */
  @ConfigurationProperties("graft.children")
  public record ChildrenProperties(
      @DefaultValue("65531") String user, @DefaultValue("none") Network network) {
    /** The network of a child process. */
    public enum Network {
      NONE,
      HOST
    }
  }
}
