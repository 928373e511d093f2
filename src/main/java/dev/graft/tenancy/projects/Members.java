package dev.graft.tenancy.projects;

import dev.graft.platform.Ids;
import dev.graft.platform.database.TransactionLocks;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.pagination.Cursor;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Role;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The people of the departments, known by their e-mail address. */
@Service
public class Members {
  private static final Pattern EMAIL =
      Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]{1,250}");

  private final MemberRows rows;
  private final PersonRows people;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Members(
      MemberRows rows,
      PersonRows people,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.people = people;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  public static boolean isEmail(String text) {
    return EMAIL.matcher(text).matches();
  }

  /** The person with this address, from now on known if they were not; their id. */
  @Transactional
  public String known(String email) {
    if (!isEmail(email)) {
      throw RequestFailed.invalid("email", "This is not an e-mail address.");
    }
    return people.findIdByEmail(email).orElseGet(() -> met(email));
  }

  /** Of two who meet somebody, one writes it down. */
  private String met(String email) {
    locks.take("person " + email.toLowerCase(Locale.ROOT));
    return people
        .findIdByEmail(email)
        .orElseGet(
            () -> {
              PersonRow person = new PersonRow(ids.next("user_"), email, clock.instant());
              return people.saveAndFlush(person).id();
            });
  }

  /** In this role, also where they had another; the person must be known. */
  @Transactional
  MemberRow add(String departmentId, String personId, Role role) {
    PersonRow person =
        people
            .findById(personId)
            .orElseThrow(() -> RequestFailed.invalid("user_id", "No such user: " + personId));
    MemberRow member =
        findToChange(departmentId, personId)
            .map(known -> known.in(role))
            .orElseGet(() -> rows.save(new MemberRow(departmentId, person, role, clock.instant())));
    audit.write("user.added", departmentId, personId, Map.of("data", Map.of("role", role.wire())));
    return member;
  }

  @Transactional(readOnly = true)
  Optional<MemberRow> find(String departmentId, String personId) {
    return rows.find(departmentId, personId);
  }

  /** A page and one more, newest person first. */
  @Transactional(readOnly = true)
  List<MemberRow> list(String departmentId, Cursor page) {
    return rows.page(departmentId, page.after(), Limit.of(page.limit() + 1));
  }

  /** Empty if the person is not a member. */
  @Transactional
  Optional<MemberRow> change(String departmentId, String personId, Role role) {
    Optional<MemberRow> changed =
        findToChange(departmentId, personId).map(member -> member.in(role));
    Map<String, String> asked = Map.of("role", role.wire());
    changed.ifPresent(
        member ->
            audit.write(
                "user.updated", departmentId, personId, Map.of("changes_requested", asked)));
    return changed;
  }

  /** Their keys open nothing of the department any more; false if the person is not a member. */
  @Transactional
  boolean remove(String departmentId, String personId) {
    Optional<MemberRow> member = findToChange(departmentId, personId);
    if (member.isEmpty()) return false;
    rows.delete(member.get());
    audit.write("user.deleted", departmentId, personId, Map.of());
    return true;
  }

  /** By name, since there may be no row yet. */
  private Optional<MemberRow> findToChange(String departmentId, String personId) {
    locks.take("member " + departmentId + " " + personId);
    return rows.find(departmentId, personId);
  }
}
