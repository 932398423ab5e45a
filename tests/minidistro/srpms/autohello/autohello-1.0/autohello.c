#include <stdio.h>

int main(void)
{
    puts("Hello from " PACKAGE_STRING);
    return 0;
}
