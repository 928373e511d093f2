package dev.graft.tenancy.projects;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

/** The members, by department, with who they are. */
interface MemberRows extends JpaRepository<MemberRow, MemberRow.Key> {
  String READ =
      "select m from MemberRow m join fetch m.person where m.id.departmentId = :department";

  @Query(READ + " and m.id.personId = :person")
  Optional<MemberRow> find(String department, String person);

  /** Newest person first; an unknown cursor gives nothing. */
  @Query(
      READ
          + """
             and (:after is null
                  or m.id.personId < (select a.id.personId from MemberRow a
                                       where a.id.departmentId = :department
                                         and a.id.personId = :after))
             order by m.id.personId desc
            """)
  List<MemberRow> page(String department, @Nullable String after, Limit limit);
}
