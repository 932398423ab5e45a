#include <stdio.h>

int good(void);

int main(void)
{
    printf("%d\n", undeclared_variable);
    return good();
}
