package dev.graft.tenancy;

import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import java.time.Clock;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The departments of this Graft. */
@Service
@Profile("server")
public class Departments {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

  private final DepartmentRows rows;
  private final TenancyProperties settings;
  private final Ids ids;
  private final Clock clock;

  Departments(DepartmentRows rows, TenancyProperties settings, Ids ids, Clock clock) {
    this.rows = rows;
    this.settings = settings;
    this.ids = ids;
    this.clock = clock;
  }

  /** The id of the department with this name, made where it is missing. */
  @Transactional
  public String ensure(String name) {
    if (!NAME.matcher(name).matches()) {
      throw RequestFailed.invalid(
          "name",
          "A department's name has 1 to 63 of a-z, 0-9 and -, and begins with a letter or digit.");
    }
    return rows.findByName(name)
        .orElseGet(
            () ->
                rows.save(
                    new Department(
                        ids.next("proj_"), name, settings.maxRunning(), clock.instant())))
        .id();
  }

  @Transactional(readOnly = true)
  public Optional<String> find(String name) {
    return rows.findByName(name).map(Department::id);
  }
}
