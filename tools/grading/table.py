"""What a run tells: a line for each program as it is done, then the table of all."""


def progress(result):
    verdict = "FAILED" if result.problems else "as expected"
    return (f"  {result.subject.name:<42} {verdict:<12} "
            f"{len(result.lost):2} lost {result.seconds:6.1f} s")


def print_mutants(results):
    """A line a check, after the program that lost it."""
    print("\nlab  points  mistake, and the checks that catch it")
    for result in results:
        subject = result.subject
        print(f"{subject.lab:3} {result.points:7}  {subject.name.partition('/')[2]}: "
              f"{subject.about}")
        for title in sorted(result.lost):
            print(f"{'':15}{title}")


def print_submissions(results):
    print("\nlab  points  correct program")
    for result in results:
        print(f"{result.subject.lab:3} {result.points:7}  {result.subject.name}")


def print_counts(results):
    print("\nlab  mutants  caught by their checks  submissions  at ten points")
    for lab in sorted({result.subject.lab for result in results}):
        of_lab = [result for result in results if result.subject.lab == lab]
        mutants = [result for result in of_lab if result.subject.is_mutant]
        others = [result for result in of_lab if not result.subject.is_mutant]
        print(f"{lab:3} {len(mutants):8} {passed(mutants):23} {len(others):12} {passed(others):14}")


def passed(results):
    return sum(not result.problems for result in results)


def print_problems(results):
    for result in results:
        if result.problems:
            print(f"\nFAILED: {result.subject.name}")
        for problem in result.problems:
            print("    " + problem.replace("\n", "\n        "))


def print_all(results):
    mutants = [result for result in results if result.subject.is_mutant]
    submissions = [result for result in results if not result.subject.is_mutant]
    if mutants:
        print_mutants(mutants)
    if submissions:
        print_submissions(submissions)
    print_counts(results)
    print_problems(results)


def print_left_out(subjects):
    for subject in subjects:
        print(f"left out: {subject.name}, since there is no {subject.missing} here")
